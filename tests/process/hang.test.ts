import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Master } from '../../src/process/master.js';
import { ServiceManager } from '../../src/process/service-manager.js';
import { afterwards, shared } from '../cli/afterwards.js';
import { folderWith, repository } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import {
  configuration,
  isAlive,
  masterOf,
  onlyWorkerOf,
  responseOf,
  running,
  standbyOf,
  workersOf,
} from './running.js';

/** The last heartbeat of the stopped process is more than two seconds old, or very recent. */
describe.runIf(process.platform === 'linux')('a standby that was stopped', () => {
  const site = shared(() => running('served'));

  it.each([3000, 0])('%d ms before costs no more than the start of another worker', async (before) => {
    const { server } = site();
    const master = masterOf(server);
    const standby = await standbyOf(master);
    const worker = await onlyWorkerOf(master);
    process.kill(standby, 'SIGSTOP');
    await sleep(before);
    const begun = performance.now();
    process.kill(worker, 'SIGKILL');
    const served = () => responseOf(server).catch(() => 'refused');
    await expect.poll(served, { interval: 20 }).toBe('served');
    // A start takes 0.4 s, and several times longer on a busy machine; a hung process would be noticed after 15 s.
    expect(performance.now() - begun).toBeLessThan(8000);
    await expect.poll(() => server.stderr()).toContain(`worker ${standby} should serve and does not`);
    await expect.poll(() => isAlive(standby)).toBe(false);
    const next = await standbyOf(master);
    await onlyWorkerOf(master);
    expect(next).not.toBe(standby);
  });
});

/** Supervises workers from the test's process, with another time after which they are hung than a server's. */
async function supervising(hangTimeoutMs: number) {
  const { title } = process;
  const port = await freePort();
  const folder = await folderWith({ 'webserv.conf': configuration('served', port) });
  let log = '';
  const master = new Master({
    workerModule: pathToFileURL(join(repository, 'dist/src/cli/worker.js')),
    launch: {
      kind: 'file',
      file: join(folder, 'webserv.conf'),
      prefix: undefined,
      colour: false,
      trace: false,
    },
    inherited: [],
    handover: undefined,
    command: [],
    version: { running: '1', installed: async () => '1' },
    service: new ServiceManager({ environment: {}, warn: () => {} }),
    watch: false,
    announce: () => {},
    stderr: { write: (line) => (log += line), reopen: () => {}, close: async () => {} },
    hangTimeoutMs,
  });
  afterwards(async () => {
    await master.stop(0);
    process.title = title;
  });
  expect(await master.start()).toBe(true);
  return { url: `http://127.0.0.1:${port}`, log: () => log };
}

it.runIf(process.platform === 'linux')(
  'a worker that hangs is killed and replaced, even if the standby worker hangs as well',
  async () => {
    const server = await supervising(5000);
    expect(await responseOf(server)).toBe('served');
    const standby = await standbyOf(process.pid);
    await expect.poll(() => workersOf(process.pid)).toHaveLength(1);
    const [worker = 0] = await workersOf(process.pid);
    // Like a process in an endless loop: it sends nothing, and only SIGKILL has an effect.
    process.kill(standby, 'SIGSTOP');
    process.kill(worker, 'SIGSTOP');
    await expect.poll(server.log).toContain(`worker ${worker} hangs: killing it`);
    await expect.poll(server.log).toContain('serves as its replacement');
    expect(await responseOf(server)).toBe('served');
    await expect.poll(() => workersOf(process.pid)).toHaveLength(1);
    await expect.poll(() => [worker, standby].filter(isAlive)).toEqual([]);
  },
);
