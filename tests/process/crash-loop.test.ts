import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { RestartBackoff } from '../../src/process/restart-backoff.js';
import { folderWith, serving } from '../cli/webserv.js';
import { childrenOf, standbyOf } from './running.js';

it('workers that die one after the other are replaced less and less often, and reported as a crash loop once a minute', () => {
  const deaths = new RestartBackoff();
  const delays = Array.from({ length: 12 }, () => deaths.add(50));
  expect(delays).toEqual([0, 0, 0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  expect(deaths.loop(1000)).toContain('crash loop: 12 workers died in a row');
  deaths.add(50);
  expect(deaths.loop(60_000)).toBeUndefined();
  expect(deaths.loop(61_001)).toContain('crash loop: 13 workers died in a row');
  expect(deaths.quiet).toBe(true);
});

it('a worker that never served is not replaced immediately, and one that served a second is', () => {
  const deaths = new RestartBackoff();
  expect([deaths.add(0), deaths.add(0)]).toEqual([100, 200]);
  expect(Array.from({ length: 20 }, () => deaths.add(1500))).toEqual(Array.from({ length: 20 }, () => 0));
});

it('a worker that served a while ends the loop', () => {
  const deaths = new RestartBackoff();
  for (let count = 0; count < 9; count += 1) deaths.add(0);
  expect(deaths.add(11_000)).toBe(0);
  expect([deaths.loop(), deaths.quiet]).toEqual([undefined, false]);
});

it('a plugin that ends its worker again and again is a crash loop in the log', async () => {
  const folder = await folderWith({
    'webserv.conf': 'load_plugin ./deadly.mjs;\nserver { listen 127.0.0.1:0; return 204; }',
    'deadly.mjs': `import { existsSync } from 'node:fs';
      import { definePlugin } from '@webserv/server';
      export default definePlugin({
        name: 'deadly',
        directives: {},
        setup() { if (existsSync(new URL('armed', import.meta.url))) setTimeout(() => process.exit(3), 500); },
        apply() {},
      });`,
  });
  const server = await serving([join(folder, 'webserv.conf')]);
  const master = server.child.pid ?? 0;
  const standby = await standbyOf(master);
  await writeFile(join(folder, 'armed'), '');
  // These workers do not crash by themselves, and would live on.
  for (const pid of [...(await childrenOf(master)), standby]) process.kill(pid, 'SIGKILL');
  await expect.poll(() => server.stderr()).toContain('crash loop: 5 workers died in a row');
  await expect
    .poll(() => server.stderr())
    .toMatch(/worker \d+ ended .*\(exit 3\); its replacement starts in [1-9]\d* ms/);
});
