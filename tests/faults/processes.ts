import { readdir, readFile, readlink } from 'node:fs/promises';
import { processOf } from '../../src/kernel/net/process-of.js';

/** False for a zombie: it has ended, and its parent has not read its exit status yet. */
export async function isAlive(pid: number): Promise<boolean> {
  const seen = await processOf(pid);
  return seen !== undefined && seen.state !== 'Z';
}

export async function anyAlive(pids: readonly number[]): Promise<boolean> {
  return (await Promise.all(pids.map(isAlive))).includes(true);
}

async function allPids(): Promise<readonly number[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
}

/** The zombies among the children of these processes. */
export async function zombiesOf(parents: readonly number[]): Promise<readonly number[]> {
  const pids = await allPids();
  const seen = await Promise.all(pids.map(processOf));
  return pids.filter((_, index) => {
    const process = seen[index];
    return process?.state === 'Z' && parents.includes(process.parent);
  });
}

export interface Marked {
  readonly pid: number;
  /** Whether it leads its session: then the server started it, not a script. */
  readonly leader: boolean;
}

/**
 * Processes with this text in their environment: a script and all its descendants, regardless of their current parent.
 */
export async function processesWith(mark: string): Promise<readonly Marked[]> {
  const found = await Promise.all((await allPids()).map((pid) => markedAt(pid, mark)));
  return found.filter((process) => process !== undefined);
}

async function markedAt(pid: number, mark: string): Promise<Marked | undefined> {
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  if (!environment.split('\0').includes(mark)) return undefined;
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' ? undefined : { pid, leader: Number(session) === pid };
}

/** The clients' ports of a process's connections, from the system's own table. */
export async function clientPortsOf(pid: number): Promise<ReadonlySet<number>> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  const inodes = new Set(targets.map((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1]));
  const ports = new Set<number>();
  for (const line of (await readFile('/proc/self/net/tcp', 'latin1')).split('\n').slice(1)) {
    const [, , remote = '', , , , , , , inode] = line.trim().split(/\s+/);
    const port = Number.parseInt(remote.slice(9), 16);
    // A listening socket has the remote port 0, and a failure without a connection has the port 0 too.
    if (port > 0 && inode !== undefined && inodes.has(inode)) ports.add(port);
  }
  return ports;
}
