import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { builtinPlugins } from '../../src/builtin.js';
import { configSchema } from '../../src/inspect/json-schema.js';
import { loadConfigText } from '../../src/kernel/config/files/load.js';
import type { DirectiveUse } from '../../src/kernel/contract/directive.js';
import type { Plugin } from '../../src/kernel/contract/plugin.js';
import { sample } from '../config/fixture.js';
import { anyConfiguration } from './any-configuration.js';
import { command } from './in-process.js';
import { folderWith, repository } from './webserv.js';

const builtins = builtinPlugins();
const shipped = join(repository, 'docs/webserv.schema.json');

/** Returns a function that validates a value by the schema with these plugins' directives. */
function checker(plugins: readonly Plugin[]): (value: unknown) => string[] {
  const validate = new Ajv({
    allErrors: true,
    strictTypes: false,
    strictTuples: false,
    code: { optimize: false },
  }).compile(configSchema(plugins));
  return (value) => (validate(value) ? [] : (validate.errors ?? []).map(({ instancePath }) => instancePath));
}

const check = checker(builtins);
const checkSample = checker([sample]);

async function codesOf(text: string, plugins: readonly Plugin[], file = 'test.yaml'): Promise<string[]> {
  const { diagnostics } = await loadConfigText(text, {
    file,
    base: '/srv',
    builtins: plugins,
    environment: {},
  });
  return diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code);
}

/** Values that both the loader and the schema should accept. */
const accepted: readonly string[] = [
  '{ server: { listen: 8080 } }',
  '{ $schema: x.json, server: { listen: "8080" } }',
  '{ server: [{ listen: 8080 }, { listen: [[8081], [8082, default_server]], server_name: [a, "*.a"] }] }',
  '{ server: { listen: 80, root: www, autoindex: true, index: [a.html, b.html] } }',
  '{ server: { listen: 80, root: www, autoindex: on, index: a.html, etag: false } }',
  '{ server: { listen: 80, client_max_body_size: 100 }, client_max_body_size: 10m }',
  '{ server: { listen: 80, alias: www, cgi: { .py: python3, .php: [php-cgi, -q], .sh: null } } }',
  '{ server: { listen: 80, cgi: [[.py, python3], [.php]], cgi_env: { A: 1, B: true, C: x } } }',
  '{ server: { listen: 80, error_page: [[500, 502, /50x.html], { 404: /404.html }] } }',
  '{ server: { listen: 80, error_page: [404, /404.html] } }',
  '{ server: { listen: 80, return: [301, /new], location: { /a: { return: 403 } } } }',
  '{ server: { listen: 80, location: { /: , "= /x y": {}, "*.php": { methods: [GET, POST] } } } }',
  '{ server: { listen: 80, location: { /a: { location: { /a/b: { try_files: [$uri, =404] } } } } } }',
  '{ types: { text/x: [x, .y], image/z: z }, server: { listen: 80, types: , default_type: text/plain } }',
  '{ keepalive_timeout: 1h30m, error_log: [stderr, warn], server: { listen: 80, keepalive_timeout: 0 } }',
  '{ workers: auto, server: { listen: 0, server_name: [127.0.0.1, localhost, 80, true, "[::1]", bücher.example] } }',
  '{ server: { listen: ["*:80", default_server], index: [404, a.html], cache_control: 1, methods: [GET] } }',
  '{ keepalive_timeout: 1d12h90, send_timeout: 1s500ms, server: { listen: "[::1]:80" } }',
  '{ file_cache: [64m, valid=500ms], workers: 1, server: { listen: "unix:a.sock" } }',
  '{ server: { listen: 80, error_page: [[404, /404.html], [500, "502", "=200", /x.html?y]], return: [301, /new] } }',
  '{ server: { listen: 80, return: "https://example.org$request_uri", error_page: { 403: "https://example.org/no" } } }',
  '{ server: { listen: 80, root: ., cgi: [[.py, python3, -u], .cgi], cgi_env: { A_B: c }, cgi_max_processes: [4, queue=2, wait=1m] } }',
  '{ server: { listen: 80, return: 204, add_header: [[X-A, 1], [X-B, b, always]] } }',
];

const refused: readonly string[] = [
  '{}',
  '{ server: {} }',
  '{ server: { listen: 80, autoindx: true } }',
  '{ server: { listen: 80, autoindex: maybe } }',
  '{ server: { listen: 80, autoindex: [true, false] } }',
  '{ server: { listen: 80, client_max_body_size: 10mb } }',
  '{ server: { listen: 80, client_max_body_size: -1 } }',
  '{ server: { listen: 80, keepalive_timeout: soon } }',
  '{ server: { listen: 80, keepalive_requests: 0 } }',
  '{ server: { listen: 80, keepalive_requests: "-1" } }',
  '{ server: { listen: 80, keepalive_timeout: 30m1h } }',
  '{ server: { listen: 80, keepalive_timeout: 1ms5 } }',
  '{ server: { listen: 80, send_timeout: 0 } }',
  '{ server: { listen: 80, send_timeout: 0s } }',
  '{ server: { listen: 80, client_max_header_size: 100 } }',
  '{ server: { listen: 80 }, workers: 0 }',
  '{ server: { listen: 80 }, workers: many }',
  '{ server: { listen: 70000 } }',
  '{ server: { listen: "example.org:80" } }',
  '{ server: { listen: 80, server_name: [~x] } }',
  '{ server: { listen: 80, server_name: .example.org } }',
  '{ server: { listen: 80, server_name: "" } }',
  '{ server: { listen: 80, keepalive_requests: 1.5 } }',
  '{ server: { listen: 80, autoindex_format: xml } }',
  '{ server: { listen: [80, 81] } }',
  '{ server: { listen: 80, root: null } }',
  '{ server: { listen: 80, root: "" } }',
  '{ server: { listen: 80, root: { a: b } } }',
  '{ server: { listen: 80, error_page: 404 } }',
  '{ server: { listen: 80, cgi_env: [A] } }',
  '{ server: { listen: 80, index: [a/b.html] } }',
  '{ server: { listen: 80, methods: [get] } }',
  '{ server: { listen: 80, max_connections: 5 } }',
  '{ server: { listen: 80, location: { img: {} } } }',
  '{ server: { listen: 80, location: [/a] } }',
  '{ server: { listen: 80, location: { /a: { listen: 81 } } } }',
  '{ server: { listen: 80 }, location: { /a: {} } }',
  '{ server: { listen: 80, types: { html: text/html } } }',
  '{ server: { listen: 80, types: [text/html] } }',
  '{ server: 80 }',
  '{ server: { listen: 80, error_page: [40, /404.html] } }',
  '{ server: { listen: 80, error_page: [404, nowhere] } }',
  '{ server: { listen: 80, return: [999, text] } }',
  '{ server: { listen: 80, return: nowhere } }',
  '{ server: { listen: 80, root: ., cgi: [py, python3] } }',
  '{ server: { listen: 80, root: ., cgi: .cgi, cgi_env: [A-B, c] } }',
  '{ server: { listen: 80, root: ., cgi: .cgi, cgi_max_processes: [4, soon] } }',
  '{ server: { listen: 80, add_header: ["X Y", z] } }',
  '{ server: { listen: 80, add_header: [X, y, never] } }',
  '[]',
  'text',
];

describe('the JSON Schema', () => {
  it.each(accepted)('accepts what the loader accepts: %s', async (text) => {
    expect(await codesOf(text, builtins)).toEqual([]);
    expect(check(parse(text))).toEqual([]);
  });

  it.each(refused)('rejects what the loader rejects: %s', async (text) => {
    expect(await codesOf(text, builtins)).not.toEqual([]);
    expect(check(parse(text))).not.toEqual([]);
  });

  it('accepts a text with an environment variable wherever the loader would replace it', () => {
    const text = `{ server: { listen: "\${PORT:-80}", autoindex: "\${LIST}", keepalive_requests: "\${N}" } }`;
    expect(check(parse(text))).toEqual([]);
    expect(check(parse(text.replace('LIST', 'list')))).not.toEqual([]);
  });

  it('accepts any configuration of the language, written as an object', async () => {
    await fc.assert(
      fc.asyncProperty(anyConfiguration, async (text) => {
        const { source } = await loadConfigText(text, { file: 'test.conf', base: '/srv', builtins });
        const object = objectOf(source?.tree.uses ?? []);
        const json = JSON.stringify(object);
        expect(await codesOf(json, builtins, 'test.json')).toEqual([]);
        expect(check(object)).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  // Those of the loader's invalid examples that concern the shape: the place, the number and the type of values.
  const ofShape = [
    'unknown-directive',
    'nginx-directive',
    'argument-count',
    'unexpected-value',
    'wrong-block',
    'missing-listen',
  ];
  const folder = join(repository, 'tests/config/bad');
  const files = readdirSync(folder).filter((name) => /\.(?:ya?ml|json)$/.test(name));
  it.each(files)('agrees with the loader on tests/config/bad/%s', async (name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const codes = await codesOf(text, [sample], basename(name));
    const isOfShape = codes.some((code) => ofShape.includes(code)) && !codes.includes('syntax');
    expect(isOfShape && checkSample(parse(text)).length === 0).toBe(false);
  });

  it('includes the directives of loaded plugins only if they are passed', () => {
    const value = { server: { listen: 80, note: true } };
    expect(check(value)).not.toEqual([]);
    expect(checkSample(value)).toEqual([]);
  });
});

describe('webserv schema', () => {
  /** After a change of a directive, run: npm run schema */
  it('prints the schema in the package', async () => {
    const { code, stdout, stderr } = await command(['schema']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(await readFile(shipped, 'utf8'));
  });

  it('includes the plugins that a configuration loads', async () => {
    const cwd = await folderWith({
      'tea.mjs': `
        import { definePlugin, flag } from '@webserv/server';
        const hot = flag({ default: true, help: 'heats it' });
        export default definePlugin({ name: 'tea', directives: { hot } });`,
      'webserv.yaml': 'load_plugin: ./tea.mjs\nserver: { listen: 80, hot: false }\n',
    });
    const { stdout } = await command(['schema', '--config', 'webserv.yaml'], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({
      definitions: { 'directive-hot': { description: 'hot on|off;\nheats it' } },
    });
  });
});

/** A parsed configuration as a person would write it in JSON: one use as a list, several as a list of lists. */
function objectOf(uses: readonly DirectiveUse[]): Record<string, unknown> {
  const names = [...new Set(uses.map(({ name }) => name))];
  return Object.fromEntries(names.map((name) => [name, asValue(uses.filter((use) => use.name === name))]));
}

function asValue(uses: readonly DirectiveUse[]): unknown {
  const blocks = uses.map(({ name, block, arguments: words }) => {
    if (block === undefined) return words.map(({ text }) => text);
    const inside = name === 'types' ? typesOf(block) : objectOf(block);
    return words.length === 0 ? inside : { [words.map(({ text }) => text).join(' ')]: inside };
  });
  return blocks.length === 1 ? blocks[0] : blocks;
}

function typesOf(rows: readonly DirectiveUse[]): Record<string, unknown> {
  return Object.fromEntries(rows.map(({ name, arguments: words }) => [name, words.map(({ text }) => text)]));
}
