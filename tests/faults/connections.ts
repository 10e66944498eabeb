import { readdir, readFile, readlink } from 'node:fs/promises';

const ESTABLISHED = '01';

/** Number of open TCP connections of a process over IPv4, from Linux's /proc. */
export async function connectionsOf(pid: number): Promise<number> {
  const list = await readFile(`/proc/${pid}/net/tcp`, 'utf8');
  const established = new Set(
    list
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .flatMap((fields) => (fields[3] === ESTABLISHED ? [`socket:[${fields[9]}]`] : [])),
  );
  const folder = `/proc/${pid}/fd`;
  const targets = await Promise.all(
    (await readdir(folder)).map((name) => readlink(`${folder}/${name}`).catch(() => '')),
  );
  return targets.filter((target) => established.has(target)).length;
}
