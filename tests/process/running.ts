import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { MASTER_TITLE, STANDBY_TITLE, WORKER_TITLE } from '../../src/process/identity.js';
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

/**
 * The workers of a server, without the standby worker. A process that has ended has no title, and one that is just being
 * created has that of the master.
 */
export const childrenOf = (pid: number): Promise<number[]> =>
  childrenThat(pid, (title) => title !== '' && !title.startsWith(MASTER_TITLE) && !title.includes('standby'));

/** The workers that a process has set up, where it may have other children. */
export const workersOf = (pid: number): Promise<number[]> =>
  childrenThat(pid, (title) => title.startsWith(WORKER_TITLE));

/** Waits until the check passes, also before the tests of a block: `expect.poll` works only inside a test. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 30_000, interval: 50 });

/** The worker that serves, once it is the only one: after a reload, workers of the old configuration finish first. */
export function onlyWorkerOf(master: number): Promise<number> {
  return eventually(async () => {
    const [worker, ...others] = await childrenOf(master);
    if (worker === undefined || others.length > 0) throw new Error('there is not exactly one worker');
    return worker;
  });
}

/** Kills the worker that serves and waits until another one serves. */
export async function replaceWorker(server: Serving): Promise<void> {
  const worker = await onlyWorkerOf(masterOf(server));
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
