import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { asRoot, folderWith, serving, start } from '../cli/webserv.js';
import { answerOf, childrenOf, patience } from './running.js';

const CONF = `${asRoot}workers 1; server { listen 127.0.0.1:0; return 200 served; }`;

/** Whether the debugger whose address was printed accepts connections. */
async function debuggerAnswers(said: string): Promise<boolean> {
  const port = /Debugger listening on ws:\/\/[\d.]+:(\d+)/.exec(said)?.[1];
  if (port === undefined) return false;
  return fetch(`http://127.0.0.1:${port}/json/version`).then(
    () => true,
    () => false,
  );
}

it('a SIGUSR1 at any moment of the start leaves no debugger open', async () => {
  const folder = await folderWith({ 'webserv.conf': CONF });
  let served = 0;
  for (let delay = 0; served < 4; delay += 25) {
    const { child, texts, ended } = start([join(folder, 'webserv.conf')]);
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    await sleep(delay);
    child.kill('SIGUSR1');
    // Before Node runs, the signal has its default action: the process ends.
    await Promise.race([ended, once(child.stdout, 'data')]);
    if (child.signalCode === 'SIGUSR1') continue;
    served += 1;
    expect(await debuggerAnswers(texts.stderr)).toBe(false);
    child.kill('SIGTERM');
    await ended;
    expect(child.exitCode).toBe(0);
  }
}, 60_000);

it.each(['SIGHUP', 'SIGUSR2'] as const)(
  '%s while the program is still being read does not end the server',
  async (signal) => {
    const folder = await folderWith({ 'webserv.conf': CONF });
    let served = 0;
    for (let delay = 0; served < 4; delay += 20) {
      const { child, ended } = start([join(folder, 'webserv.conf')]);
      onTestFinished(async () => {
        child.kill('SIGKILL');
        await ended;
      });
      await sleep(delay);
      child.kill(signal);
      await Promise.race([ended, once(child.stdout, 'data')]);
      // Node cannot handle a signal before it runs the first line of a program.
      if (child.signalCode === signal) continue;
      served += 1;
      expect(child.signalCode).toBeNull();
      child.kill('SIGTERM');
      await ended;
      expect(child.exitCode).toBe(0);
    }
  },
  60_000,
);

it.runIf(process.platform === 'linux').each(['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1'] as const)(
  '%s, which a terminal or a tool may send to all processes, is left to the master by the workers',
  async (signal) => {
    const folder = await folderWith({ 'webserv.conf': CONF });
    const server = await serving([join(folder, 'webserv.conf')]);
    const before = await childrenOf(server.child.pid ?? 0);
    for (const worker of before) process.kill(worker, signal);
    await sleep(300);
    expect(await answerOf(server)).toBe('served');
    await expect.poll(() => childrenOf(server.child.pid ?? 0), patience).toEqual(before);
    expect(server.stderr()).toBe('');
  },
);
