import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { folderWith, type Serving, serving } from '../cli/webserv.js';

export const patience = { timeout: 30_000 };

export function configuration(text: string, port = 0): string {
  return `workers 2;\npid webserv.pid;\nserver { listen 127.0.0.1:${port}; return 200 ${text}; }\n`;
}

/** Runs a server whose port stays the same however often it is reloaded. */
export async function running(
  text: string,
  ...flags: string[]
): Promise<{ folder: string; file: string; port: number; server: Serving }> {
  const folder = await folderWith({ 'webserv.conf': configuration(text) });
  const file = join(folder, 'webserv.conf');
  const first = await serving([file]);
  const port = Number(new URL(first.url).port);
  await first.stop();
  await writeFile(file, configuration(text, port));
  return { folder, file, port, server: await serving([...flags, file]) };
}

export const answerOf = async (server: Serving): Promise<string> =>
  (await fetch(server.url, { headers: { connection: 'close' } })).text();

/** The workers of a server; the one that stands by is not counted. */
export const childrenOf = (pid: number): Promise<number[]> => childrenThat(pid, (isWaiting) => !isWaiting);

/** The process that stands by, if there is one. */
export async function standbyOf(pid: number): Promise<number | undefined> {
  return (await childrenThat(pid, (isWaiting) => isWaiting))[0];
}

async function childrenThat(pid: number, wanted: (isWaiting: boolean) => boolean): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const pids = text.split(' ').filter((word) => word !== '');
  const titles = await Promise.all(
    pids.map((each) => readFile(`/proc/${each}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((_, index) => wanted(titles[index]?.includes('standby') === true)).map(Number);
}

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** A port that is free now. A server of its own number, for when all that listen on it may be gone for a moment. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
