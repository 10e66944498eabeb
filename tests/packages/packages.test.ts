import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { install, run, serve, Workshop } from './workshop.js';

/** The tests use only the published package, as its users do. */
let workshop: Workshop;
beforeAll(async () => {
  workshop = await Workshop.open();
});
afterAll(() => workshop[Symbol.asyncDispose]());

/** A directory with packages and a configuration. */
async function site(name: string, packages: readonly string[], conf: string): Promise<string> {
  const folder = await workshop.folder(name);
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  await install(folder, workshop.server, ...packages);
  await writeFile(join(folder, 'webserv.conf'), conf);
  return folder;
}

describe('the examples', () => {
  const archives: string[] = [];

  it.each(['maintenance', 'request-id'])('%s passes its own tests with the packed server', async (name) => {
    archives.push(await workshop.example(name));
  });

  it('are all directories in examples', async () => {
    const entries = await readdir(fileURLToPath(new URL('../../examples', import.meta.url)), {
      withFileTypes: true,
    });
    expect(entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)).toEqual([
      'maintenance',
      'request-id',
    ]);
  });

  it('are installed from their archives and loaded by name, on one route and not on another', async () => {
    expect(archives).toHaveLength(2);
    const folder = await site(
      'site',
      archives,
      `load_plugin maintenance;
load_plugin request-id;
server {
    listen 127.0.0.1:0;
    root .;
    maintenance_file closed;
    location /shop  { maintenance on; request_id on; }
    location /news  { return 200 news; }
}
`,
    );
    await using server = await serve(folder);
    const missing = await fetch(`${server.url}/shop`);
    expect([missing.status, missing.headers.has('x-request-id')]).toEqual([404, true]);
    const news = await fetch(`${server.url}/news`);
    expect([news.status, news.headers.has('x-request-id')]).toEqual([200, false]);
    await writeFile(join(folder, 'closed'), '');
    await expect
      .poll(async () => (await fetch(`${server.url}/shop`)).status, { timeout: 10_000, interval: 100 })
      .toBe(503);
    expect((await fetch(`${server.url}/news`)).status).toBe(200);
  });

  it('are suggested by name if one of their directives is used without loading them', async () => {
    const folder = join(workshop.directory, 'site');
    await writeFile(join(folder, 'webserv.conf'), 'server { listen 127.0.0.1:0; root .; request_id on; }');
    await expect(run(folder, join(folder, 'node_modules/.bin/webserv'), '--test')).rejects.toThrow(
      /load_plugin request-id;/,
    );
  });
});

describe('a new plugin', () => {
  it('of `webserv init --plugin` builds, passes, is tried, packed, and loaded by name', async () => {
    const maker = await site('maker', [], '');
    await run(maker, join(maker, 'node_modules/.bin/webserv'), 'init', '--plugin', '@me/greeting', 'plugin');
    const plugin = join(maker, 'plugin');
    const archive = await workshop.package(plugin);
    const packed = await run(maker, 'tar', '-tzf', archive);
    expect(packed.split('\n').filter(Boolean).sort()).toEqual([
      'package/README.md',
      'package/dist/index.d.ts',
      'package/dist/index.js',
      'package/package.json',
    ]);
    const folder = await site(
      'greeted',
      [archive],
      `load_plugin @me/greeting;
server {
    listen 127.0.0.1:0;
    location /on  { greeting "good day"; return 200 on; }
    location /off { return 200 off; }
}
`,
    );
    await using server = await serve(folder);
    expect((await fetch(`${server.url}/on`)).headers.get('x-greeting')).toBe('good day');
    expect((await fetch(`${server.url}/off`)).headers.has('x-greeting')).toBe(false);
  });
});

describe('the packed server', () => {
  it('has its required files, and no tests', async () => {
    const names = (await run(workshop.directory, 'tar', '-tzf', workshop.server)).split('\n');
    expect(names).toContain('package/dist/src/cli/main.js');
    expect(names).toContain('package/docs/plugins.md');
    expect(names.filter((name) => /\.test\.|\/(?:tests|bench|examples)\//.test(name))).toEqual([]);
  });

  it('is found by plugins in a directory even if it is only installed globally', async () => {
    const prefix = await workshop.folder('global');
    await install(prefix, '--global', '--prefix', prefix, workshop.server);
    const folder = await workshop.folder('elsewhere');
    await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    const archive = join(workshop.directory, 'webserv-plugin-maintenance-1.0.0.tgz');
    await install(folder, '--legacy-peer-deps', archive);
    await rm(join(folder, 'node_modules/@webserv'), { recursive: true, force: true });
    await writeFile(
      join(folder, 'webserv.conf'),
      'load_plugin maintenance;\nserver { listen 127.0.0.1:0; root .; maintenance on; }',
    );
    const command = join(prefix, 'bin/webserv');
    expect(await run(folder, command, 'explain', '/')).toContain('maintenance');
  });
});
