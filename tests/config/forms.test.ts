import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publicEntries } from '../../src/builtin.js';
import type { CompiledConfig } from '../../src/kernel/config/compile/compiled-config.js';
import { findConfig } from '../../src/kernel/config/files/find.js';
import { type LoadResult, loadConfig } from '../../src/kernel/config/files/load.js';
import type { RouteConfig } from '../../src/kernel/contract/config.js';
import { load, sample } from './fixture.js';

const entries = publicEntries();

/** A configuration's meaning: what is left of it without the places of its words. */
function meaning({ config, diagnostics }: LoadResult): unknown {
  expect(diagnostics.filter(({ code }) => code !== 'missing-root')).toEqual([]);
  if (config === undefined) throw new Error('no configuration');
  const route = ({
    place: _place,
    uses,
    types,
    children,
    inside: _inside,
    ...values
  }: RouteConfig): unknown => ({
    ...values,
    directives: [...uses.keys()].sort(),
    types: types.get('own'),
    children: children.map(route),
  });
  const { file: _file, uses: _uses, plugins: _plugins, servers, ...main }: CompiledConfig = config;
  return {
    ...main,
    servers: servers.map(({ place: _place, listens, route: outermost, ...server }) => ({
      ...server,
      listens: listens.map(({ place: _listenPlace, ...listen }) => listen),
      route: route(outermost),
    })),
  };
}

const conf = `
  max_connections 50;
  cache 1m;
  types { text/own own own2; }
  server {
    listen 8080 default_server;
    listen 8081;
    server_name example.org www.example.org;
    root "my www";
    autoindex on;
    index a.html b.html;
    label version 1.10;
    label colour red;
    error_page 404 /404.html;
    error_page 500 502 =200 /50x.html;
    location / { }
    location = /exact { autoindex off; methods GET HEAD; }
    location /a {
      banner one two;
      banner three;
      location *.php { copies 2; }
    }
  }
  server { listen 8081; server_name other; }
`;

const yaml = `
max_connections: 50
cache: 1m
types:
  text/own: [own, own2]
server:
  - listen:
      - [8080, default_server]
      - 8081
    server_name: [example.org, www.example.org]
    root: my www
    autoindex: true
    index: [a.html, b.html]
    label:
      version: 1.10     # as written, not 1.1
      colour: red
    error_page:
      - {404: /404.html}
      - [500, 502, =200, /50x.html]
    location:
      /:
      = /exact: { autoindex: off, methods: [GET, HEAD] }
      /a:
        banner: [[one, two], [three]]
        location:
          "*.php": { copies: 2 }
  - { listen: 8081, server_name: other }
`;

const object = {
  max_connections: 50,
  cache: '1m',
  types: { 'text/own': ['own', 'own2'] },
  server: [
    {
      listen: [[8080, 'default_server'], 8081],
      server_name: ['example.org', 'www.example.org'],
      root: 'my www',
      autoindex: true,
      index: ['a.html', 'b.html'],
      label: { version: '1.10', colour: 'red' },
      error_page: [{ 404: '/404.html' }, [500, 502, '=200', '/50x.html']],
      location: {
        '/': {},
        '= /exact': { autoindex: false, methods: ['GET', 'HEAD'] },
        '/a': { banner: [['one', 'two'], ['three']], location: { '*.php': { copies: 2 } } },
      },
    },
    { listen: 8081, server_name: 'other' },
  ],
};

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'webserv-forms-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

describe('a configuration means the same', () => {
  it('in YAML', async () => {
    expect(meaning(await load(yaml, { file: 'test.yaml' }))).toEqual(meaning(await load(conf)));
  });

  it('in JSON', async () => {
    const text = JSON.stringify(object, null, 2);
    expect(meaning(await load(text, { file: 'test.json' }))).toEqual(meaning(await load(conf)));
  });

  it.each([
    [
      'webserv.config.ts',
      `import { defineConfig } from '@webserv/server/config';
       const config: object = ${JSON.stringify(object)};
       export default defineConfig({ ...config });`,
    ],
    ['webserv.config.mjs', `export default ${JSON.stringify(object)};`],
    ['webserv.config.cjs', `module.exports = ${JSON.stringify(object)};`],
    ['webserv.config.js', `export default await Promise.resolve(${JSON.stringify(object)});`],
  ])('in %s', async (name, text) => {
    const folder = await folderWith({ [name]: text, 'same.conf': conf });
    const result = await loadConfig(join(folder, name), { builtins: [sample], entries });
    const same = await loadConfig(join(folder, 'same.conf'), { builtins: [sample], entries });
    expect(meaning(result)).toEqual(meaning(same));
  });
});

describe('YAML', () => {
  it('knows anchors, and environment variables in every text', async () => {
    const text = `
      server:
        - listen: "\${PORT:-8080}"
          server_name: \${NAME}
          index: &index [a, b]
        - { listen: 8081, index: *index }
    `;
    const { config, diagnostics } = await load(text, { file: 'a.yml', environment: { NAME: 'n' } });
    expect(diagnostics).toEqual([]);
    expect(config?.servers.map(({ names }) => names)).toEqual([['n'], []]);
    expect(config?.servers[0]?.listens[0]).toMatchObject({ port: 8080 });
    expect(config?.servers[1]?.route.options.get('sample')).toMatchObject({ index: ['a', 'b'] });
  });

  it('takes a server as an object or as a list of them, and nothing for an empty block', async () => {
    const { config } = await load('server: { listen: 80, location: { /: , /a: {} } }', { file: 'a.yaml' });
    expect(config?.servers[0]?.route.children.map(({ name }) => name)).toEqual(['location /', 'location /a']);
  });
});

describe('a configuration is found', () => {
  const server = 'server: { listen: 80 }';

  it.each([
    ['webserv.conf', 'server { listen 80; }'],
    ['webserv.yaml', server],
    ['webserv.json', '{"server":{"listen":80}}'],
    ['.webservrc', server],
    ['.webservrc.yaml', server],
    ['.config/webservrc.json', '{"server":{"listen":80}}'],
    ['webserv.config.ts', 'export default { server: { listen: 80 as number } };'],
    ['webserv.config.mjs', 'export default { server: { listen: 80 } };'],
    ['package.json', '{"name":"x","webserv":{"server":{"listen":80}}}'],
  ])('as %s, and loads', async (name, text) => {
    const folder = await folderWith({ [name]: text });
    const found = findConfig(folder);
    expect(found).toBe(join(folder, name));
    const { config, diagnostics } = await loadConfig(found ?? '', { builtins: [], entries });
    expect(diagnostics).toEqual([]);
    expect(config?.servers).toHaveLength(1);
  });

  it('as webserv.conf first', async () => {
    const folder = await folderWith({ 'webserv.conf': 'server {}', 'webserv.yaml': 'x', '.webservrc': 'y' });
    expect(findConfig(folder)).toBe(join(folder, 'webserv.conf'));
  });

  it('even when it is broken, so that it can be said', async () => {
    const folder = await folderWith({ 'webserv.yaml': '[[[' });
    expect(findConfig(folder)).toBe(join(folder, 'webserv.yaml'));
  });

  it('not in a package.json about something else, nor in a folder above', async () => {
    const folder = await folderWith({
      'webserv.conf': 'server {}',
      'below/package.json': '{"name":"x"}',
      'broken/package.json': '{',
      'prototype/package.json': '{"__proto__":{"webserv":{}}}',
    });
    expect(findConfig(join(folder, 'below'))).toBeUndefined();
    expect(findConfig(join(folder, 'broken'))).toBeUndefined();
    expect(findConfig(join(folder, 'prototype'))).toBeUndefined();
    expect(findConfig(join(folder, 'not-there'))).toBeUndefined();
  });

  it('beside a package.json that is not JSON, or begins with a byte order mark', async () => {
    const config = 'export default { server: { listen: 80 } };';
    const folder = await folderWith({
      'broken/package.json': '{"name": ',
      'broken/webserv.config.ts': config,
      'mark/package.json': '\ufeff{"webserv":{"server":{"listen":80}}}',
    });
    expect(findConfig(join(folder, 'broken'))).toBe(join(folder, 'broken/webserv.config.ts'));
    const found = findConfig(join(folder, 'mark'));
    expect(found).toBe(join(folder, 'mark/package.json'));
    expect((await loadConfig(found ?? '', { builtins: [], entries })).diagnostics).toEqual([]);
  });
});
