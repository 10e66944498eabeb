import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith, type Serving, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { patience, replaceWorker } from './running.js';

/** Reads the file it needs in `setup`. */
const GATE = `import { readFileSync } from 'node:fs';
  import { argument, definePlugin, flag, list, Stage } from '@webserv/server';
  export default definePlugin({
    name: 'gate',
    directives: {
      gate: flag({ default: false, help: 'asks for a key', example: 'gate on;' }),
      gate_words: list(argument.text, { default: [], usage: 'WORD…', help: 'more', example: 'gate_words a b;' }),
    },
    variables: { gate_word: { help: 'a word', value: () => 'word' } },
    setup: () => ({ key: readFileSync(new URL('key', import.meta.url), 'utf8') }),
    apply({ options, state, hooks }) {
      if (!options.gate) return;
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

async function statuses(
  server: Serving,
  paths: readonly string[],
): Promise<readonly (readonly [string, number])[]> {
  const found: (readonly [string, number])[] = [];
  for (const path of paths) {
    const response = await fetch(`${server.url}${path}`, { headers: { 'x-key': 'key' } });
    await response.arrayBuffer();
    found.push([path, response.status]);
  }
  return found;
}

const CONF = {
  'webserv.conf': (port: number) => `load_plugin ./plugin.mjs; server { listen 127.0.0.1:${port};
    location = /free { return 200 free; }
    location /gated { gate on; gate_words "a b" c; return 200 gated; location /gated/inner { return 200 inner; } }
    location /said { return 200 "[$gate_word]"; } }`,
  'webserv.yaml': (port: number) => `
load_plugin: ./plugin.mjs
server:
  listen: 127.0.0.1:${port}
  location:
    = /free: { return: [200, free] }
    /gated:
      gate: on
      gate_words: [a, b]
      return: [200, gated]
      location: { /gated/inner: { return: [200, inner] } }
    /said: { return: [200, '[$gate_word]'] }`,
};

describe.runIf(process.platform === 'linux')('a replacement worker', () => {
  it.each([
    { what: 'the code of a plugin', conf: 'webserv.conf', gone: 'plugin.mjs', said: 503 },
    {
      what: 'the code of a plugin, with a configuration in YAML',
      conf: 'webserv.yaml',
      gone: 'plugin.mjs',
      said: 503,
    },
    { what: 'what the setup of a plugin reads', conf: 'webserv.conf', gone: 'key', said: 200 },
  ] as const)('serves without $what, closes the routes that need it, says so once', async (loss) => {
    const folder = await folderWith({
      [loss.conf]: CONF[loss.conf](await freePort()),
      'plugin.mjs': GATE,
      key: 'key',
    });
    const server = await serving([join(folder, loss.conf)]);
    const gated = ['/free', '/gated', '/gated/inner', '/said'];
    expect(await statuses(server, gated)).toEqual(gated.map((path) => [path, 200]));
    await rename(join(folder, loss.gone), join(folder, 'moved'));
    // The first successor stood by before; the others have never seen what is gone.
    for (let count = 0; count < 3; count += 1) await replaceWorker(server);
    expect(await statuses(server, gated)).toEqual([
      ['/free', 200],
      ['/gated', 503],
      ['/gated/inner', 503],
      ['/said', loss.said],
    ]);
    expect(server.stderr().split('plugin "gate", setup: ')).toHaveLength(2);
    server.child.kill('SIGHUP');
    await expect
      .poll(() => server.stderr(), patience)
      .toContain('not reloaded; the server keeps its previous configuration');
    await rename(join(folder, 'moved'), join(folder, loss.gone));
    server.child.kill('SIGHUP');
    await expect.poll(() => server.stderr(), patience).toContain('reloaded: generation 2');
    await expect.poll(() => statuses(server, gated), patience).toEqual(gated.map((path) => [path, 200]));
  });

  it.each(['plugin.mjs', 'key'])(
    'closes every route when a plugin that acts on all of them has lost its %s',
    async (gone) => {
      const folder = await folderWith({
        'webserv.conf': `load_plugin ./plugin.mjs; server { listen 127.0.0.1:${await freePort()}; return 200 free;
        location /x { wall on; return 200 x; } }`,
        'plugin.mjs': WALL,
        key: 'key',
      });
      const server = await serving([join(folder, 'webserv.conf')]);
      expect(await statuses(server, ['/', '/x'])).toEqual([
        ['/', 200],
        ['/x', 200],
      ]);
      await rm(join(folder, gone));
      for (let count = 0; count < 3; count += 1) await replaceWorker(server);
      expect(await statuses(server, ['/', '/x'])).toEqual([
        ['/', 503],
        ['/x', 503],
      ]);
      expect(server.stderr()).not.toContain('crash loop');
    },
  );
});
