import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { folderWith, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { childrenOf, isAlive, responseOf, standbyOf } from './running.js';

/** More than the 15 seconds after which a process counts as hung, plus the start of another one. */
const HUNG = { timeout: 45_000 };

/** The last heartbeat of the stopped process is more than two seconds old, or very recent. */
it.runIf(process.platform === 'linux').each([3000, 0])(
  'a standby that was stopped %d ms before costs no more than the start of another worker',
  async (before) => {
    const folder = await folderWith({
      'webserv.conf': `server { listen 127.0.0.1:${await freePort()}; return 200 served; }`,
    });
    const server = await serving([join(folder, 'webserv.conf')]);
    const master = server.child.pid ?? 0;
    const [worker = 0] = await childrenOf(master);
    const standby = await standbyOf(master);
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
    expect(await childrenOf(master)).toHaveLength(1);
    expect(next).not.toBe(standby);
  },
);

it.runIf(process.platform === 'linux')(
  'a worker that hangs is killed and replaced, even if the standby worker hangs as well',
  async () => {
    const folder = await folderWith({
      'webserv.conf': `server { listen 127.0.0.1:${await freePort()}; return 200 served; }`,
    });
    const server = await serving([join(folder, 'webserv.conf')]);
    const master = server.child.pid ?? 0;
    const [worker = 0] = await childrenOf(master);
    const standby = await standbyOf(master);
    // Like a process in an endless loop: it sends nothing, and only SIGKILL has an effect.
    process.kill(standby, 'SIGSTOP');
    process.kill(worker, 'SIGSTOP');
    await expect.poll(() => server.stderr(), HUNG).toContain(`worker ${worker} hangs: killing it`);
    await expect.poll(() => server.stderr(), HUNG).toContain('serves as its replacement');
    expect(await responseOf(server)).toBe('served');
    await expect.poll(() => childrenOf(master)).toHaveLength(1);
    expect([worker, standby].filter(isAlive)).toEqual([]);
  },
);
