import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { STANDBY_TITLE, WORKER_TITLE } from '../../src/process/identity.js';
import { folderWith, type Serving, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';

// On a busy machine each wait takes many times longer, and a test has several.
vi.setConfig({ testTimeout: 90_000 });

export interface Settings {
  readonly workers?: number;
  /** Begins the configuration. */
  readonly main?: string;
}

export function configuration(text: string, port = 0, { workers = 1, main = '' }: Settings = {}): string {
  return `${main}workers ${workers};\npid webserv.pid;\nserver { listen 127.0.0.1:${port}; return 200 ${text}; }\n`;
}

export interface Running {
  readonly folder: string;
  readonly file: string;
  readonly port: number;
  readonly server: Serving;
}

/** Runs a server whose port stays the same over reloads. */
export async function running(text: string, settings: Settings = {}): Promise<Running> {
  const port = await freePort();
  const folder = await folderWith({ 'webserv.conf': configuration(text, port, settings) });
  const file = join(folder, 'webserv.conf');
  return { folder, file, port, server: await serving([file]) };
}

export const responseOf = async (server: Pick<Serving, 'url'>): Promise<string> =>
  (await fetch(server.url, { headers: { connection: 'close' } })).text();

export const masterOf = ({ child }: Serving): number => child.pid ?? 0;

/** The workers of a server, without the standby worker. */
export const childrenOf = (pid: number): Promise<number[]> =>
  childrenThat(pid, (title) => !title.includes('standby'));

/** The workers that a process has set up, where it may have other children. */
export const workersOf = (pid: number): Promise<number[]> =>
  childrenThat(pid, (title) => title.startsWith(WORKER_TITLE));

/** Waits until the check passes, also before the tests of a block: `expect.poll` works only inside a test. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 30_000, interval: 50 });

/** Kills the worker that serves and waits until another one serves. */
export async function replaceWorker(server: Serving): Promise<void> {
  const master = masterOf(server);
  // After a reload, workers of the old configuration finish first.
  const [worker = 0] = await eventually(async () => {
    const workers = await childrenOf(master);
    expect(workers).toHaveLength(1);
    return workers;
  });
  const count = (): number => server.stderr().match(/serves as its replacement/g)?.length ?? 0;
  const before = count();
  process.kill(worker, 'SIGKILL');
  await eventually(() => expect(count()).toBe(before + 1));
}

/** The standby worker, once it is set up. */
export function standbyOf(pid: number): Promise<number> {
  return eventually(async () => {
    const [standby, ...others] = await childrenThat(pid, (title) => title.startsWith(STANDBY_TITLE));
    if (standby === undefined || others.length > 0)
      throw new Error('there is not exactly one standby worker');
    return standby;
  });
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
