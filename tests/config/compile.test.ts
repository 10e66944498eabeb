import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultStateDirectory } from '../../src/kernel/config/compile/state-directory.js';
import { loadConfig } from '../../src/kernel/config/files/load.js';
import type { Config, RouteConfig } from '../../src/kernel/contract/config.js';
import { codesOf, load, sample } from './fixture.js';

async function compiled(text: string): Promise<Config> {
  const { config, diagnostics } = await load(text);
  expect(diagnostics.filter(({ code }) => code !== 'missing-root')).toEqual([]);
  if (config === undefined) throw new Error('no configuration');
  return config;
}

/** The route of the first server, or the location inside it by the names along the way. */
async function routeOf(inside: string, ...names: string[]): Promise<RouteConfig> {
  const config = await compiled(`server { listen 80; ${inside} }`);
  let route = config.servers[0]?.route;
  for (const name of names) route = route?.children.find((child) => child.name === name);
  if (route === undefined) throw new Error(`no ${names.join(' ')}`);
  return route;
}

const optionsOf = (route: RouteConfig) => route.options.get('sample');

describe('main', () => {
  it('has the defaults of the documentation', async () => {
    const { main, servers } = await compiled('server { listen 80; }');
    expect(main).toEqual({
      serverDir: '/srv/site',
      stateDir: defaultStateDirectory(process.env),
      errorLog: { path: undefined, level: 'info' },
      workers: 1,
      workerShutdownTimeout: 30_000,
      pidFile: undefined,
      user: undefined,
      maxConnections: 10_000,
      pluginTimeout: 60_000,
      trace: 'off',
    });
    expect(servers[0]?.connection).toEqual({
      clientHeaderTimeout: 30_000,
      clientBodyTimeout: 60_000,
      sendTimeout: 60_000,
      serverField: 'webserv',
      sendMinRate: 500,
      keepaliveTimeout: 75_000,
      keepaliveRequests: 1000,
      clientMaxRequestLine: 8192,
      clientMaxHeaderSize: 16_384,
      clientMaxHeaderCount: 100,
    });
    expect(servers[0]?.route).toMatchObject({
      followSymlinks: false,
      maxBodySize: 1_048_576,
      methods: undefined,
      root: undefined,
      charset: 'utf-8',
      defaultType: 'application/octet-stream',
    });
  });

  it('starts relative paths from server_dir, wherever it stands, and that from the file', async () => {
    const { main, servers } = await compiled(
      'error_log logs/e.log warn; state_dir state; server { listen unix:run/s; root www; } server_dir ../other;',
    );
    expect(main.serverDir).toBe('/srv/other');
    expect(main.errorLog).toEqual({ path: '/srv/other/logs/e.log', level: 'warn' });
    expect(main.stateDir).toBe('/srv/other/state');
    expect(servers[0]?.route.root?.directory).toBe('/srv/other/www');
    expect(servers[0]?.listens[0]).toMatchObject({ kind: 'unix', path: '/srv/other/run/s' });
  });

  it('hands connection limits to servers, which may change them', async () => {
    const { servers } = await compiled(
      'send_timeout 5s; keepalive_requests 7; server { listen 80; } server { listen 81; send_timeout 1h; }',
    );
    expect(servers.map(({ connection }) => connection.sendTimeout)).toEqual([5000, 3_600_000]);
    expect(servers.map(({ connection }) => connection.keepaliveRequests)).toEqual([7, 7]);
  });

  it('holds the options of plugins', async () => {
    const { options } = await compiled('cache 3m; banner a b; server { listen 80; }');
    expect(options.get('sample')).toMatchObject({ cache: 3_145_728, banner: ['a', 'b'], autoindex: false });
  });
});

describe('servers', () => {
  it('stay in the order of the file and say where they listen', async () => {
    const { servers } = await compiled(
      'server { listen 80; server_name B.example.org *.Example.ORG; } server { listen [::1]:81 default_server; listen *:0; listen localhost:9; }',
    );
    expect(servers.map(({ names }) => names)).toEqual([['b.example.org', '*.example.org'], []]);
    expect(servers.map(({ listens }) => listens.map(({ place: _place, ...rest }) => rest))).toEqual([
      [{ kind: 'tcp', host: '0.0.0.0', port: 80, isDefault: false, tls: false }],
      [
        { kind: 'tcp', host: '::1', port: 81, isDefault: true, tls: false },
        { kind: 'tcp', host: '0.0.0.0', port: 0, isDefault: false, tls: false },
        { kind: 'tcp', host: '127.0.0.1', port: 9, isDefault: false, tls: false },
      ],
    ]);
    expect(servers.map(({ route }) => route.name)).toEqual(['server b.example.org', 'server [::1]:81']);
  });

  it('may have the same name on different addresses', async () => {
    const text = 'server { listen 80; server_name a; } server { listen 81; server_name a; }';
    expect(await codesOf(text)).toEqual([]);
  });

  it('write names in other scripts as DNS has them', async () => {
    const { servers } = await compiled(
      'server { listen 80; server_name *.bücher.example [::1] 10.0.0.1 _; }',
    );
    expect(servers[0]?.names).toEqual(['*.xn--bcher-kva.example', '[::1]', '10.0.0.1', '_']);
  });
});

describe('locations', () => {
  it('have a pattern and the prefix their block stands for', async () => {
    const { children } = await routeOf(
      'location / {} location /img/ {} location = /a/ {} location *.php {} location "/a b" {}',
    );
    expect(children.map(({ pattern, prefix, name }) => [pattern, prefix, name])).toEqual([
      [{ kind: 'prefix', path: '/' }, '/', 'location /'],
      [{ kind: 'prefix', path: '/img' }, '/img', 'location /img/'],
      [{ kind: 'exact', path: '/a/' }, '/a', 'location = /a/'],
      [{ kind: 'extension', extension: '.php' }, '/', 'location *.php'],
      [{ kind: 'prefix', path: '/a b' }, '/a b', 'location /a b'],
    ]);
  });

  it('by extension stand for the prefix of their parent', async () => {
    const route = await routeOf(
      'location /img { location *.php { root php; } }',
      'location /img',
      'location *.php',
    );
    expect(route.prefix).toBe('/img');
    expect(route.root).toEqual({ prefix: '/img', directory: '/srv/site/php' });
  });

  it('inherit a root with the prefix of the block it stands in', async () => {
    const names = ['location /a', 'location /a/b'] as const;
    const inherited = await routeOf('location /a { root x; location /a/b { } }', ...names);
    expect(inherited.root).toEqual({ prefix: '/a', directory: '/srv/site/x' });
    const own = await routeOf('root www; location /a { location /a/b { alias /y/; } }', ...names);
    expect(own.root).toEqual({ prefix: '/a/b', directory: '/y' });
    expect(own.uses.get('root')?.[0]?.place).toMatchObject({ line: 1, length: 5 });
  });
});

describe('values', () => {
  const nested = 'location /a { location /a/b { } }';
  const names = ['location /a', 'location /a/b'] as const;

  it('come from the nearest block that has them', async () => {
    const route = await routeOf(`autoindex on; methods GET; client_max_body_size 5; ${nested}`, ...names);
    expect(optionsOf(route)).toMatchObject({ autoindex: true });
    expect(route).toMatchObject({ methods: ['GET'], maxBodySize: 5 });
    const changed = await routeOf(
      'autoindex on; methods GET POST; location /a { autoindex off; methods PUT PUT DELETE; }',
      'location /a',
    );
    expect(optionsOf(changed)).toMatchObject({ autoindex: false });
    expect(changed.methods).toEqual(['PUT', 'DELETE']);
  });

  it('are added to those around where their table says so', async () => {
    const { servers } = await compiled(
      'banner a; server { listen 80; banner b; label x 1; location / { banner c; label y 2; } }',
    );
    const route = servers[0]?.route.children[0];
    expect(route?.options.get('sample')).toMatchObject({
      banner: ['a', 'b', 'c'],
      label: new Map([
        ['x', '1'],
        ['y', '2'],
      ]),
    });
  });

  it('are not inherited where their table says so', async () => {
    const route = await routeOf('note on; location / { autoindex on; location /a { note on; } }');
    const child = route.children[0];
    expect(optionsOf(route)).toMatchObject({ note: true });
    expect(child && optionsOf(child)).toMatchObject({ note: false });
    expect(child?.children[0] && optionsOf(child.children[0])).toMatchObject({ note: true });
  });

  it('are shared with the block around where nothing differs', async () => {
    const route = await routeOf('autoindex on; location / { } location /b { index x; }');
    const [same, different] = route.children;
    expect(same?.options).toBe(route.options);
    expect(same?.types).toBe(route.types);
    expect(different?.options).not.toBe(route.options);
    expect(different && optionsOf(different)).toMatchObject({ autoindex: true, index: ['x'] });
  });

  it('tell where a block itself sets them', async () => {
    const route = await routeOf('\n  autoindex on;\n  location / { root www; }');
    expect(route.uses.get('autoindex')?.[0]?.place).toMatchObject({ line: 2, column: 3 });
    expect([...(route.children[0]?.uses.keys() ?? [])]).toEqual(['root']);
  });
});

describe('error_page', () => {
  it('is a page for each code, added to those around', async () => {
    const route = await routeOf(
      'error_page 404 /a; error_page 500 502 =200 /b?x=1; location / { error_page 404 =302 https://example.org/; }',
    );
    expect([...route.errorPages]).toEqual([
      [404, { uri: '/a', status: undefined }],
      [500, { uri: '/b?x=1', status: 200 }],
      [502, { uri: '/b?x=1', status: 200 }],
    ]);
    expect(route.children[0]?.errorPages.get(404)).toEqual({ uri: 'https://example.org/', status: 302 });
    expect(route.children[0]?.errorPages.get(500)).toEqual({ uri: '/b?x=1', status: 200 });
  });
});

describe('types', () => {
  it('add to the table around and override it', async () => {
    const route = await routeOf(
      'types { text/X-Own .own OWN2; text/plain html; } location / { types { a/b own; } }',
    );
    const [inner] = route.children;
    expect(['own', 'own2', 'html', 'css'].map((name) => route.types.get(name))).toEqual([
      'text/x-own',
      'text/x-own',
      'text/plain',
      'text/css',
    ]);
    expect(inner?.types.get('own')).toBe('a/b');
    expect(inner?.types.get('own2')).toBe('text/x-own');
  });
});

describe('include', () => {
  it('reads files where it stands: sorted, from the folder of its file, in types and in other forms too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'webserv-include-'));
    const files = {
      'main.conf': 'include mime.types; server { listen 80; include "sites/*.conf"; include none/*; }',
      'mime.types': 'types { include more.inc; text/x-a a; }',
      'more.inc': 'text/x-b b;',
      'b.conf': 'index from-the-wrong-folder;',
    };
    await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
    const { mkdir, symlink } = await import('node:fs/promises');
    await mkdir(join(folder, 'sites'));
    await writeFile(join(folder, 'sites/b.conf'), 'banner two;');
    await writeFile(join(folder, 'sites/a.conf'), 'banner one; include ../y.yaml;');
    await symlink(join(folder, 'z.txt'), join(folder, 'sites/c.conf'));
    await writeFile(join(folder, 'z.txt'), 'banner three;');
    await writeFile(join(folder, 'y.yaml'), 'label: {k: v}\n');
    const { config, diagnostics } = await loadConfig(join(folder, 'main.conf'), { builtins: [sample] });
    expect(diagnostics).toEqual([]);
    const route = config?.servers[0]?.route;
    expect(route?.types.get('a')).toBe('text/x-a');
    expect(route?.types.get('b')).toBe('text/x-b');
    expect(route && optionsOf(route)).toMatchObject({
      banner: ['one', 'two', 'three'],
      label: new Map([['k', 'v']]),
    });
  });

  it('takes ten thousand files, and refuses a few that make millions', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'webserv-include-'));
    await writeFile(join(folder, 'one.inc'), 'banner x;');
    await writeFile(join(folder, 'main.conf'), `server { listen 80; ${'include one.inc; '.repeat(10_000)} }`);
    const many = await loadConfig(join(folder, 'main.conf'), { builtins: [sample] });
    expect(many.diagnostics).toEqual([]);

    for (let level = 0; level < 8; level += 1) {
      await writeFile(join(folder, `${level}.inc`), `include ${level + 1}.inc; `.repeat(10));
    }
    // With many directives in a file, a million are reached after fewer files.
    await writeFile(join(folder, '8.inc'), 'banner x;'.repeat(20));
    await writeFile(join(folder, 'bomb.conf'), 'server { listen 80; include 0.inc; }');
    const bomb = await loadConfig(join(folder, 'bomb.conf'), { builtins: [sample] });
    expect(bomb.config).toBeUndefined();
    expect(new Set(bomb.diagnostics.map(({ code }) => code))).toEqual(new Set(['too-large']));
  });

  it('is refused in a chain without end', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'webserv-include-'));
    for (let level = 0; level < 40; level += 1) {
      await writeFile(join(folder, `${level}.conf`), `include ${level + 1}.conf;`);
    }
    const { diagnostics } = await loadConfig(join(folder, '0.conf'), { builtins: [] });
    expect(diagnostics.map(({ code }) => code)).toEqual(['too-deep']);
  });
});

describe('a file that cannot be read', () => {
  it('is a diagnostic without a place', async () => {
    for (const path of ['/no/such/file.conf', '/', '/dev/null', '/dev/zero']) {
      const { config, diagnostics } = await loadConfig(path, { builtins: [] });
      expect(config).toBeUndefined();
      expect(diagnostics).toMatchObject([{ code: 'unreadable-file', place: undefined }]);
    }
  });
});
