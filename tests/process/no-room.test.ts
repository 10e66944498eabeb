import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { childrenOf, responseOf, running, standbyOf } from './running.js';

const run = promisify(execFile);

it.runIf(process.platform === 'linux')(
  'a master that cannot start processes (for lack of descriptors or of system resources) continues, and retries',
  async () => {
    const { server } = await running('served', { workers: 2 });
    const master = server.child.pid ?? 0;
    const hard = /^Max open files +\d+ +(\d+)/m.exec(await readFile(`/proc/${master}/limits`, 'utf8'))?.[1];
    const allow = (count: number | string): Promise<unknown> =>
      run('prlimit', ['--pid', `${master}`, `--nofile=${count}:${hard}`]);
    await standbyOf(master);
    await allow(4);
    await expect.poll(() => childrenOf(master)).toHaveLength(2);
    const before = await childrenOf(master);
    // Only one standby worker exists: the second killed worker cannot be replaced, since no process can be started.
    for (const worker of before.slice(1)) process.kill(worker, 'SIGKILL');
    await expect.poll(() => server.stderr()).toContain('serves as its replacement');
    const replacements = async (): Promise<number[]> =>
      (await childrenOf(master)).filter((pid) => !before.includes(pid));
    await expect.poll(replacements).toHaveLength(1);
    for (const victim of await replacements()) process.kill(victim, 'SIGKILL');
    await expect.poll(() => server.stderr()).toMatch(/a worker ended before it served \(.*EMFILE\)/);
    server.child.kill('SIGHUP');
    await expect
      .poll(() => server.stderr())
      .toContain('not reloaded; the server keeps its previous configuration');
    expect(await responseOf(server)).toBe('served');
    await allow(hard ?? '');
    await expect.poll(async () => (await childrenOf(master)).length).toBe(2);
    expect(await responseOf(server)).toBe('served');
    // The worker that is just starting does not delay the stop: it has no open requests.
    const told = performance.now();
    expect((await server.stop()).code).toBe(0);
    expect(performance.now() - told).toBeLessThan(10_000);
  },
);
