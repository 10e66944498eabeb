import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../cli/afterwards.js';
import { folderWith, type Serving, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { masterOf, replaceWorker, standbyOf } from './running.js';

/** Reads the file it needs in `setup`. */
const gate = (name: string): string => `import { readFileSync } from 'node:fs';
  import { argument, definePlugin, flag, list, Stage } from '@webserv/server';
  export default definePlugin({
    name: '${name}',
    directives: {
      ${name}: flag({ default: false, help: 'asks for a key', example: '${name} on;' }),
      ${name}_words: list(argument.text, { default: [], usage: 'WORD…', help: 'more', example: '${name}_words a b;' }),
    },
    variables: { ${name}_word: { help: 'a word', value: () => 'word' } },
    setup: () => ({ key: readFileSync(new URL('${name}.key', import.meta.url), 'utf8') }),
    apply({ options, state, hooks }) {
      if (!options.${name}) return;
      hooks.onRoute.tap({ stage: Stage.access, answers: false }, ({ request }) => {
        if (request.headers.get('x-key') !== state.key) throw new Error('no key');
      });
    },
  });`;

/** Has no directive and uses onRequest, so no route shows that it needs this plugin. */
const WALL = `import { readFileSync } from 'node:fs';
  import { definePlugin, flag } from '@webserv/server';
  export default definePlugin({
    name: 'wall',
    directives: { wall: flag({ default: false, help: 'is a wall', example: 'wall on;' }) },
    setup({ hooks }) {
      const key = readFileSync(new URL('key', import.meta.url), 'utf8');
      hooks.onRequest.tap({}, ({ headers }) =>
        headers.get('x-key') === key ? undefined : { status: 403, headers: {} });
    },
    apply() {},
  });`;

type Statuses = readonly (readonly [path: string, status: number])[];

async function statuses(url: string, paths: readonly string[]): Promise<Statuses> {
  const found: (readonly [string, number])[] = [];
  for (const path of paths) {
    const response = await fetch(`${url}${path}`, { headers: { 'x-key': 'key' } });
    await response.arrayBuffer();
    found.push([path, response.status]);
  }
  return found;
}

/** Replaces the worker, which stood by before the loss, by workers that start after it. */
async function replaceByNewWorkers(server: Serving): Promise<void> {
  await standbyOf(masterOf(server));
  for (let count = 0; count < 2; count += 1) await replaceWorker(server);
  await standbyOf(masterOf(server));
}

/** The same routes in both formats, each with a plugin of its own. */
const locations = (name: string): string => `location = /free { return 200 free; }
    location /gated { ${name} on; ${name}_words "a b" c; return 200 gated; location /gated/inner { return 200 inner; } }
    location /said { return 200 "[$${name}_word]"; }`;
const yamlServer = (port: number, name: string): string => `
server:
  listen: 127.0.0.1:${port}
  location:
    = /free: { return: [200, free] }
    /gated:
      ${name}: on
      ${name}_words: [a, b]
      return: [200, gated]
      location: { /gated/inner: { return: [200, inner] } }
    /said: { return: [200, '[$${name}_word]'] }`;

const PATHS = ['/free', '/gated', '/gated/inner', '/said'];

describe.runIf(process.platform === 'linux')('a replacement worker', () => {
  const site = shared(async () => {
    const urls = {
      code: `http://127.0.0.1:${await freePort()}`,
      yaml: `http://127.0.0.1:${await freePort()}`,
      key: `http://127.0.0.1:${await freePort()}`,
    };
    const port = (url: string): number => Number(new URL(url).port);
    const folder = await folderWith({
      'webserv.conf': `load_plugin ./code.mjs; load_plugin ./yaml.mjs; load_plugin ./key.mjs;
        server { listen 127.0.0.1:${port(urls.code)}; ${locations('code')} }
        server { listen 127.0.0.1:${port(urls.key)}; ${locations('key')} }
        include part.yaml;`,
      'part.yaml': yamlServer(port(urls.yaml), 'yaml'),
      'code.mjs': gate('code'),
      'yaml.mjs': gate('yaml'),
      'key.mjs': gate('key'),
      'code.key': 'key',
      'yaml.key': 'key',
      'key.key': 'key',
    });
    const server = await serving([join(folder, 'webserv.conf')]);
    for (const url of Object.values(urls))
      expect(await statuses(url, PATHS)).toEqual(PATHS.map((path) => [path, 200]));
    const move = async (from: string, to: string): Promise<void> => {
      for (const file of ['code.mjs', 'yaml.mjs', 'key.key'])
        await rename(join(folder, `${from}${file}`), join(folder, `${to}${file}`));
    };
    await move('', 'moved-');
    await replaceByNewWorkers(server);
    return { server, urls, restore: () => move('moved-', '') };
  });

  it.each([
    { what: 'the code of a plugin', name: 'code', said: 503 },
    { what: 'the code of a plugin, with a configuration in YAML', name: 'yaml', said: 503 },
    { what: 'what the setup of a plugin reads', name: 'key', said: 200 },
  ] as const)(
    'serves without $what, closes the routes that need it, reports it once',
    async ({ name, said }) => {
      const { server, urls } = site();
      expect(await statuses(urls[name], PATHS)).toEqual([
        ['/free', 200],
        ['/gated', 503],
        ['/gated/inner', 503],
        ['/said', said],
      ]);
      expect(server.stderr().split(`plugin "${name}", setup: `)).toHaveLength(2);
    },
  );

  it('does not prevent the rejection of a reload, and serves all routes after a reload with the plugins', async () => {
    const { server, urls, restore } = site();
    server.child.kill('SIGHUP');
    await expect
      .poll(() => server.stderr())
      .toContain('not reloaded; the server keeps its previous configuration');
    await restore();
    server.child.kill('SIGHUP');
    await expect.poll(() => server.stderr()).toContain('reloaded: generation 2');
    for (const url of Object.values(urls))
      await expect.poll(() => statuses(url, PATHS)).toEqual(PATHS.map((path) => [path, 200]));
  });
});

describe.runIf(process.platform === 'linux')('a plugin that acts on all routes', () => {
  const site = shared(async () => {
    const folder = await folderWith({
      'webserv.conf': `load_plugin ./plugin.mjs; server { listen 127.0.0.1:${await freePort()}; return 200 free;
        location /x { wall on; return 200 x; } }`,
      'plugin.mjs': WALL,
      key: 'key',
    });
    return { folder, server: await serving([join(folder, 'webserv.conf')]) };
  });

  const expectStatus = (status: number) =>
    expect
      .poll(() => statuses(site().server.url, ['/', '/x']))
      .toEqual([
        ['/', status],
        ['/x', status],
      ]);

  it('closes every one when it has lost its code', async () => {
    const { folder, server } = site();
    await expectStatus(200);
    await rename(join(folder, 'plugin.mjs'), join(folder, 'moved'));
    await replaceByNewWorkers(server);
    await expectStatus(503);
    expect(server.stderr()).not.toContain('crash loop');
  });

  it('closes every one when it has lost what its setup reads', async () => {
    const { folder, server } = site();
    await rename(join(folder, 'moved'), join(folder, 'plugin.mjs'));
    server.child.kill('SIGHUP');
    await expectStatus(200);
    await rename(join(folder, 'key'), join(folder, 'moved'));
    await replaceByNewWorkers(server);
    await expectStatus(503);
    expect(server.stderr()).not.toContain('crash loop');
  });
});
