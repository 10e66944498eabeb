import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin } from '@webserv/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { builtinPlugins, publicEntries } from '../../src/builtin.js';
import { loadConfig, loadConfigText } from '../../src/kernel/config/files/load.js';

const entries = publicEntries();

async function messages(files: Readonly<Record<string, string>>, name = 'a.conf') {
  const folder = await mkdtemp(join(tmpdir(), 'webserv-plugins-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
  const { diagnostics } = await loadConfig(join(folder, name), { builtins: [], entries });
  return diagnostics.map(({ message }) => message);
}

const conf = 'load_plugin ./p.ts;\nserver { listen 80; }';
const end = "export default definePlugin({ name: 'p' });";

describe('a name that a module imports and another does not export is an error at load', () => {
  it.each([
    [
      'of the package',
      `import { definePlugin, HttpErorr } from '@webserv/server';\n${end}`,
      'imports "HttpErorr", which "@webserv/server" does not export; did you mean "HttpError"?',
    ],
    [
      'used while it is loaded',
      `import { definePlugin, flog } from '@webserv/server';\nflog({});\n${end}`,
      'imports "flog"',
    ],
    [
      'over several lines, with another name',
      `import {\n  definePlugin,\n  // a comment, with a comma\n  nonsense as sense,\n} from '@webserv/server';\nvoid sense;\n${end}`,
      'imports "nonsense"',
    ],
    [
      'of a file beside',
      `import { definePlugin } from '@webserv/server';\nimport { missing } from './lib.ts';\nvoid missing;\n${end}`,
      'imports "missing", which "./lib.ts" does not export',
    ],
    [
      'in a file beside',
      `import { definePlugin } from '@webserv/server';\nimport { broken } from './broken.ts';\nvoid broken;\n${end}`,
      'imports "absent", which "@webserv/server" does not export (in ',
    ],
    [
      'of Node',
      `import { definePlugin } from '@webserv/server';\nimport fs, { readFil } from 'node:fs/promises';\nexport const late = () => [fs, readFil];\n${end}`,
      'imports "readFil", which "node:fs/promises" does not export; did you mean "readFile"?',
    ],
    [
      'that is passed on',
      `import { definePlugin } from '@webserv/server';\nexport { gone as here } from './lib.ts';\n${end}`,
      'imports "gone", which "./lib.ts" does not export',
    ],
    [
      'of a file that does not exist, used or not',
      `import { definePlugin } from '@webserv/server';\nimport lost from './lost.ts';\n${end}`,
      'imports "./lost.ts", which does not exist',
    ],
    [
      'of a file that does not exist, by several names',
      `import { definePlugin } from '@webserv/server';\nimport {\n  one,\n  type Two,\n} from './lost.js';\n${end}`,
      'imports "./lost.js", which does not exist',
    ],
  ])('%s', async (_what, text, message) => {
    const found = await messages({
      'a.conf': conf,
      'p.ts': text,
      'lib.ts': 'export const there = 1;\nexport interface Shape { readonly a: number }\n',
      'broken.ts': "import { absent } from '@webserv/server';\nexport const broken = () => absent;\n",
    });
    expect(found).toEqual([expect.stringContaining(message)]);
  });

  it('in a configuration in TypeScript', async () => {
    const text = `import { defineConfig, nope } from '@webserv/server/config';\nexport default defineConfig({ server: { listen: 80, root: nope } });`;
    expect(await messages({ 'a.ts': text }, 'a.ts')).toEqual([expect.stringContaining('imports "nope"')]);
  });

  it('types are not: of the package, and of files beside', async () => {
    const text = [
      "import { definePlugin, Exchange, type Plugin, Stage } from '@webserv/server';",
      "import { Shape, there } from './lib.ts';",
      "import { Width } from './types.js';",
      "import type { Height } from './nowhere.js';",
      "import { AddressInfo, createServer } from 'node:net';",
      'export const late = (a: Width, b: Height, c: AddressInfo) => [a, b, c, createServer];',
      'const plugin: Plugin = definePlugin({',
      "  name: 'p',",
      '  apply({ hooks }) {',
      '    const shape: Shape = { a: there };',
      '    hooks.onDone.tap({ stage: Stage.content }, (exchange: Exchange) => void [exchange, shape]);',
      '  },',
      '});',
      'export default plugin;',
    ].join('\n');
    const lib = 'export const there = 1;\nexport interface Shape { readonly a: number }\n';
    const types = 'export type Width = number;\n';
    expect(await messages({ 'a.conf': conf, 'p.ts': text, 'lib.ts': lib, 'types.d.ts': types })).toEqual([]);
  });
});

describe('definePlugin refuses', () => {
  it.each([
    [{ aply() {} }, 'unknown property "aply": did you mean "apply"?'],
    [{ serve() {} }, 'unknown property "serve"'],
    [{ hooks: {} }, 'unknown property "hooks": expected one of name, '],
    [{ apply: 5 }, '"apply" must be a function, got number'],
    [{ setup: {} }, '"setup" must be a function, got object'],
  ])('%j', (extra, message) => {
    expect(() => Reflect.apply(definePlugin, undefined, [{ name: 'p', ...extra }])).toThrow(message);
  });
});

const builtins = builtinPlugins();

describe('a return in a block that asks for a password', () => {
  async function warned(text: string): Promise<readonly (number | undefined)[]> {
    const { diagnostics } = await loadConfigText(text, { file: 'x.conf', base: '/srv', builtins });
    return diagnostics.filter(({ code }) => code === 'open-return').map(({ place }) => place?.line);
  }
  const protect = 'auth_basic "A"; auth_basic_user_file u;';

  it.each([
    ['in one location', `server { listen 80;\nlocation / { ${protect}\nreturn 200 secret; } }`, [3]],
    ['a redirect too', `server { listen 80;\nlocation / { ${protect}\nreturn 301 /x; } }`, [3]],
    ['in one server', `server { listen 80; ${protect}\nreturn 200 secret; location /a { } }`, [2]],
    [
      'below the block that asks',
      `server { listen 80; ${protect}\nlocation /a {\nreturn 200 secret; } }`,
      [3],
    ],
    ['above the block that asks', `server { listen 80; return 200 x;\nlocation /a {\n${protect} } }`, [3]],
  ])('is a warning: %s', async (_what, text, lines) => {
    expect(await warned(text)).toEqual(lines);
  });

  it.each([
    [
      'where the password is off',
      `server { listen 80; ${protect} location /a { auth_basic off; return 200 x; } }`,
    ],
    ['for a redirect below', `server { listen 80; ${protect} location /a { return 301 /b; } }`],
    ['for an error below', `server { listen 80; ${protect} location /a { return 403; } }`],
    ['without a password', 'server { listen 80; return 200 x; }'],
  ])('is none %s', async (_what, text) => {
    expect(await warned(text)).toEqual([]);
  });
});

describe('a password file where nothing asks for a password', () => {
  async function warned(text: string): Promise<readonly (number | undefined)[]> {
    const { diagnostics } = await loadConfigText(text, { file: 'x.conf', base: '/srv', builtins });
    return diagnostics.filter(({ code }) => code === 'unasked-password').map(({ place }) => place?.line);
  }

  it.each([
    ['in a location', 'server { listen 80; location /a {\nauth_basic_user_file u; } }', [2]],
    ['in a server', 'server { listen 80;\nauth_basic_user_file u; location /a { } }', [2]],
    ['around all servers', 'auth_basic_user_file u;\nserver { listen 80; } server { listen 81; }', [1]],
    [
      'beside a location that asks',
      'server { listen 80; location /a { auth_basic A; auth_basic_user_file u; }\nlocation /b { auth_basic_user_file u; } }',
      [2],
    ],
  ])('is a warning: %s', async (_what, text, lines) => {
    expect(await warned(text)).toEqual(lines);
  });

  it.each([
    ['for blocks inside', 'server { listen 80; auth_basic_user_file u; location /a { auth_basic A; } }'],
    [
      'for one of the servers',
      'auth_basic_user_file u; server { listen 80; } server { listen 81; auth_basic A; }',
    ],
    ['for a block around', 'server { listen 80; auth_basic A; location /a { auth_basic_user_file u; } }'],
    ['beside "off"', 'server { listen 80; auth_basic off; auth_basic_user_file u; }'],
  ])('is none %s', async (_what, text) => {
    expect(await warned(text)).toEqual([]);
  });
});
