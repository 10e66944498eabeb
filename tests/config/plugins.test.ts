import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HttpError } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';
import { publicEntries } from '../../src/builtin.js';
import { loadConfig } from '../../src/kernel/config/files/load.js';
import { sample } from './fixture.js';

const entries = publicEntries();

const esm = (name: string, value = 'true') => `
  import { definePlugin, flag, HttpError } from '@webserv/server';
  globalThis.seenHttpErrors = [...(globalThis.seenHttpErrors ?? []), HttpError];
  export default definePlugin({
    name: '${name}',
    directives: { ${name}: flag({ default: ${value}, help: 'x' }) },
  });
`;

async function load(conf: string, files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'webserv-plugins-'));
  for (const [name, text] of Object.entries({ ...files, 'etc/site.conf': conf })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return loadConfig(join(folder, 'etc/site.conf'), { builtins: [sample], entries });
}

async function namesFrom(conf: string, files: Readonly<Record<string, string>>): Promise<string[]> {
  const { config, diagnostics } = await load(`${conf} server { listen 80; }`, files);
  expect(diagnostics).toEqual([]);
  return config?.plugins.map(({ name }) => name) ?? [];
}

describe('load_plugin finds', () => {
  it('a file beside the configuration, in TypeScript too', async () => {
    const typed = esm('local').replace('globalThis.seen', '(globalThis as { seen?: unknown }).seen');
    const names = await namesFrom('load_plugin ./my/local.ts; load_plugin plain.mjs;', {
      'etc/my/local.ts': `const unused: number = 1;\n${typed.replace(/^.*seenHttpErrors.*$/m, '')}`,
      'etc/plain.mjs': esm('plain'),
    });
    expect(names).toEqual(['sample', 'local', 'plain']);
  });

  it('an installed package by its short name, scoped too, and by its full name', async () => {
    const names = await namesFrom(
      'load_plugin one; load_plugin @me/two; load_plugin webserv-three; load_plugin four;',
      {
        'node_modules/webserv-plugin-one/package.json': '{"type":"module","exports":{"import":"./i.js"}}',
        'node_modules/webserv-plugin-one/i.js': esm('one'),
        'node_modules/@me/webserv-plugin-two/package.json': '{"type":"module","main":"./i.js"}',
        'node_modules/@me/webserv-plugin-two/i.js': esm('two'),
        'etc/node_modules/webserv-three/package.json': '{"main":"./i.cjs"}',
        'etc/node_modules/webserv-three/i.cjs': `
        const { definePlugin } = require('@webserv/server');
        module.exports = definePlugin({ name: 'three', directives: {} });`,
        'node_modules/four/package.json':
          '{"type":"module","exports":{".":{"types":"./i.d.ts","default":"./i.js"}}}',
        'node_modules/four/i.js': esm('four'),
      },
    );
    expect(names).toEqual(['sample', 'one', 'two', 'three', 'four']);
  });

  it('a built-in one by its name, which changes nothing', async () => {
    expect(await namesFrom('load_plugin sample;', {})).toEqual(['sample']);
  });
});

it('a plugin in TypeScript gets this very package, also where another copy is installed', async () => {
  Reflect.set(globalThis, 'seenHttpErrors', []);
  await namesFrom('load_plugin ./file.ts;', {
    'node_modules/@webserv/server/package.json': '{"type":"module","main":"./i.js"}',
    'node_modules/@webserv/server/i.js': 'export const [definePlugin, flag, HttpError] = [];',
    'etc/file.ts': esm('file'),
  });
  expect(Reflect.get(globalThis, 'seenHttpErrors')).toEqual([HttpError]);
});

/** JavaScript is loaded by Node itself, which finds the copy that a plugin's author installed for the tests. */
it.each(['mjs', 'cjs', 'ts'])('an HttpError of another copy is one too (.%s)', async (extension) => {
  const folder = await mkdtemp(join(tmpdir(), 'webserv-plugins-'));
  await mkdir(join(folder, 'node_modules/@webserv'), { recursive: true });
  // The built package: these tests run its sources.
  const built = fileURLToPath(new URL('../..', import.meta.url));
  await symlink(built, join(folder, 'node_modules/@webserv/server'));
  const names = '{ definePlugin, HttpError }';
  const head =
    extension === 'cjs'
      ? `const ${names} = require('@webserv/server'); module.exports =`
      : `import ${names} from '@webserv/server'; export default`;
  const refuse = "throw new HttpError(403, { headers: { 'x-by': 'it' } });";
  const plugin = `definePlugin({ name: 'own', apply: ({ hooks }) => hooks.onRoute.tap({}, () => { ${refuse} }) });`;
  await writeFile(join(folder, `own.${extension}`), `${head} ${plugin}`);
  await using server = await startTestServer(
    `load_plugin ${folder}/own.${extension};\nserver { listen 127.0.0.1:0; }`,
  );
  const answer = await server.fetch('/');
  expect([answer.status, answer.headers.get('x-by')]).toEqual([403, 'it']);
});

it("a loaded plugin's directives are checked, inherited and suggested as a built-in one's", async () => {
  const files = { 'etc/local.mjs': esm('local', 'false') };
  const { config } = await load(
    'load_plugin ./local.mjs; server { listen 80; local on; location / {} }',
    files,
  );
  expect(config?.servers[0]?.route.children[0]?.options.get('local')).toEqual({ local: true });
  const wrong = await load('load_plugin ./local.mjs; server { listen 80; local 5; locale on; }', files);
  expect(wrong.diagnostics.map(({ code, hint }) => [code, hint])).toEqual([
    ['wrong-argument', undefined],
    ['unknown-directive', 'did you mean "local"?'],
  ]);
});

it('a directive of a plugin that is installed and not loaded is told with what to add', async () => {
  const manifest = '{"type":"module","main":"./i.js","webservPlugin":{"directives":["brew"]}}';
  const files = {
    'node_modules/webserv-plugin-teapot/package.json': manifest,
    'node_modules/@me/webserv-plugin-pots/package.json': manifest.replace('brew', 'polish'),
    'node_modules/webserv-plugin-broken/package.json': '{ "webservPlugin": ',
  };
  const { diagnostics } = await load('server { listen 80; brew on; polish on; brow on; }', files);
  expect(diagnostics.map(({ code, hint }) => [code, hint])).toEqual([
    ['unknown-directive', 'it is provided by plugin "teapot", which is installed: add "load_plugin teapot;"'],
    [
      'unknown-directive',
      'it is provided by plugin "@me/pots", which is installed: add "load_plugin @me/pots;"',
    ],
    ['unknown-directive', undefined],
  ]);
});
