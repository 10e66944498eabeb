import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderWith, serving } from '../cli/webserv.js';
import { answerOf, childrenOf, freePort, isAlive, patience, standbyOf } from './running.js';

/** More than the 15 seconds after which a process counts as hung, and the start of another one. */
const HUNG = { ...patience, timeout: 45_000 };

it.runIf(process.platform === 'linux')(
  'a worker that hangs is killed and replaced, though the one that stood by hangs as well',
  async () => {
    const folder = await folderWith({
      'webserv.conf': `server { listen 127.0.0.1:${await freePort()}; return 200 served; }`,
    });
    const server = await serving([join(folder, 'webserv.conf')]);
    const master = server.child.pid ?? 0;
    const [worker = 0] = await childrenOf(master);
    const standby = await standbyOf(master);
    // As one that is in an endless loop: it says nothing, and takes no signal but SIGKILL.
    process.kill(standby, 'SIGSTOP');
    process.kill(worker, 'SIGSTOP');
    await expect.poll(() => server.stderr(), HUNG).toContain(`worker ${worker} hangs: it is killed`);
    await expect.poll(() => server.stderr(), HUNG).toContain('serves in its place');
    expect(await answerOf(server)).toBe('served');
    await expect.poll(() => childrenOf(master), patience).toHaveLength(1);
    expect([worker, standby].filter(isAlive)).toEqual([]);
  },
);
