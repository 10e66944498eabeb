import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MASTER_TITLE } from '../../src/process/identity.js';
import { afterwards, shared } from '../cli/afterwards.js';
import { asRoot, folderWith, serving, start } from '../cli/webserv.js';
import { childrenOf, isAlive, masterOf, onlyWorkerOf, responseOf, standbyOf } from './running.js';

const CONF = `${asRoot}workers 1; server { listen 127.0.0.1:0; return 200 served; }`;

/** Whether the debugger whose address was printed accepts connections. */
async function isDebuggerOpen(said: string): Promise<boolean> {
  const port = /Debugger listening on ws:\/\/[\d.]+:(\d+)/.exec(said)?.[1];
  if (port === undefined) return false;
  return fetch(`http://127.0.0.1:${port}/json/version`).then(
    () => true,
    () => false,
  );
}

const titleOf = (pid: number): Promise<string> => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');

/** True once the process has handlers for the signals: before, Node cannot prevent their default action. */
async function catches(pid: number, signals: readonly NodeJS.Signals[]): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const mask = BigInt(`0x${/^SigCgt:\s*([\da-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return signals.every((signal) => ((mask >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n);
}

/** Moments at which a signal is sent, from the first one at which it does not end the process, in milliseconds. */
const MOMENTS = [0, 20, 60];

it.runIf(process.platform === 'linux').each(MOMENTS)(
  'SIGUSR1, SIGHUP and SIGUSR2 while the program is still being read, %d ms after they are caught, do not end the server, and open no debugger',
  async (moment) => {
    const folder = await folderWith({ 'webserv.conf': CONF });
    const { child, texts, ended } = start([join(folder, 'webserv.conf')]);
    afterwards(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    const pid = child.pid ?? 0;
    /** @returns when the process had caught the signals, which is `moment` before they are sent */
    const send = async (...signals: readonly NodeJS.Signals[]): Promise<number> => {
      await expect
        .poll(async () => child.signalCode !== null || (await catches(pid, signals)), { interval: 2 })
        .toBe(true);
      const caughtAt = performance.now();
      await sleep(moment);
      for (const signal of signals) child.kill(signal);
      return caughtAt;
    };
    // Node itself catches SIGUSR1 first, and opens the debugger.
    const [, caughtAt] = await Promise.all([send('SIGUSR1'), send('SIGHUP', 'SIGUSR2')]);
    const isMaster = async (): Promise<boolean> => (await titleOf(pid)).startsWith(MASTER_TITLE);
    await expect
      .poll(async () => child.signalCode !== null || (await isMaster()), { interval: 2 })
      .toBe(true);
    expect(child.signalCode).toBeNull();
    // The handlers were set before the program was read, which takes many times longer.
    expect(performance.now() - caughtAt).toBeGreaterThan(10);
    expect(await isDebuggerOpen(texts.stderr)).toBe(false);
    // The last goes on to serve; the others end before they have loaded the configuration.
    if (moment === MOMENTS.at(-1)) await Promise.race([ended, once(child.stdout, 'data')]);
    child.kill('SIGTERM');
    await ended;
    expect([child.exitCode, child.signalCode]).toEqual([0, null]);
  },
);

describe.runIf(process.platform === 'linux')(
  'the workers leave to the master what a terminal or a tool may send to all',
  () => {
    const site = shared(async () =>
      serving([join(await folderWith({ 'webserv.conf': CONF }), 'webserv.conf')]),
    );

    it.each(['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1'] as const)('%s', async (signal) => {
      const server = site();
      const worker = await onlyWorkerOf(masterOf(server));
      process.kill(worker, signal);
      await sleep(300);
      expect(await responseOf(server)).toBe('served');
      expect(await childrenOf(masterOf(server))).toEqual([worker]);
      expect(server.stderr()).toBe('');
    });

    it('SIGKILL of the master leaves no worker behind, and no standby worker', async () => {
      const server = site();
      const children = [await onlyWorkerOf(masterOf(server)), await standbyOf(masterOf(server))];
      server.child.kill('SIGKILL');
      await expect.poll(() => children.filter(isAlive)).toEqual([]);
    });
  },
);
