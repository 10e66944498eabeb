import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { folderWith, type Serving, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';

export const patience = { timeout: 30_000 };

// On a busy machine each wait takes many times longer, and a test has several.
vi.setConfig({ testTimeout: 90_000 });

export function configuration(text: string, port = 0): string {
  return `workers 2;\npid webserv.pid;\nserver { listen 127.0.0.1:${port}; return 200 ${text}; }\n`;
}

/** Runs a server whose port stays the same over reloads. */
export async function running(
  text: string,
  ...flags: string[]
): Promise<{ folder: string; file: string; port: number; server: Serving }> {
  const port = await freePort();
  const folder = await folderWith({ 'webserv.conf': configuration(text, port) });
  const file = join(folder, 'webserv.conf');
  return { folder, file, port, server: await serving([...flags, file]) };
}

export const answerOf = async (server: Serving): Promise<string> =>
  (await fetch(server.url, { headers: { connection: 'close' } })).text();

/** The workers of a server, without the standby worker. */
export const childrenOf = (pid: number): Promise<number[]> =>
  childrenThat(pid, (title) => !title.includes('standby'));

/** Kills the worker that serves and waits until another one serves. */
export async function replaceWorker({ child, stderr }: Serving): Promise<void> {
  const master = child.pid ?? 0;
  // After a reload, workers of the old configuration finish first.
  await expect.poll(() => childrenOf(master), patience).toHaveLength(1);
  const [worker = 0] = await childrenOf(master);
  const count = (): number => stderr().match(/serves as its replacement/g)?.length ?? 0;
  const before = count();
  process.kill(worker, 'SIGKILL');
  await expect.poll(count, patience).toBe(before + 1);
}

/** The standby worker, once it is set up. */
export async function standbyOf(pid: number): Promise<number> {
  const find = (): Promise<number[]> => childrenThat(pid, (title) => title.startsWith('webserv: standby'));
  await expect.poll(find, patience).toHaveLength(1);
  return (await find())[0] ?? 0;
}

async function childrenThat(pid: number, wanted: (title: string) => boolean): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const pids = text.split(' ').filter((word) => word !== '');
  const titles = await Promise.all(
    pids.map((each) => readFile(`/proc/${each}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((_, index) => wanted(titles[index] ?? '')).map(Number);
}

/** False for a zombie. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}
