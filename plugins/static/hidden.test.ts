import { definePlugin, type Lookup, Stage } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

const echo = {
  content: `#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s %s' "$SCRIPT_NAME" "$PATH_INFO"\n`,
  mode: 0o755,
};

const text = async (server: TestServer, path: string) => (await server.fetch(path)).text();
const status = async (server: TestServer, path: string, init?: RequestInit) =>
  (await server.fetch(path, init)).status;

describe('names with a leading dot', () => {
  test('are hidden where they would be files', async () => {
    await using server = await startTestServer(
      'root www; autoindex on; compress_static on; location /.open { root open; } location = /.txt { root one.txt; }',
      {
        'www/.git/config': 'CANARY',
        'www/a/.env': 'CANARY',
        'www/a/.b/c': 'CANARY',
        'www/.well-known/token': 'token',
        'www/.well-known/.secret': 'CANARY',
        'www/a/.well-known/x': 'CANARY',
        'open/a.txt': 'open',
        'open/.b': 'CANARY',
        'one.txt': 'one',
      },
    );
    for (const path of [
      '/.git/config',
      '/a/.env',
      '/a/.b/c',
      '/.well-known/.secret',
      '/a/.well-known/x',
      '/.open/.b',
    ]) {
      expect([path, await status(server, path)]).toEqual([path, 404]);
    }
    expect(await text(server, '/.well-known/token')).toBe('token');
    expect(await text(server, '/.open/a.txt')).toBe('open');
    expect(await text(server, '/.txt')).toBe('one');
  });

  test('in the path behind a script are the script’s', async () => {
    await using server = await startTestServer('root www; cgi .cgi; cgi_path_info rest;', {
      'www/cgit.cgi': echo,
      'www/.x/a.cgi': echo,
      'www/.b.cgi': echo,
    });
    expect(await text(server, '/cgit.cgi/r.git/tree/.gitignore')).toBe('/cgit.cgi /r.git/tree/.gitignore');
    expect(await text(server, '/cgit.cgi/.well-known/.x/')).toBe('/cgit.cgi /.well-known/.x/');
    for (const path of ['/.x/a.cgi', '/.x/a.cgi/b', '/.b.cgi', '/.b.cgi/x']) {
      expect([path, await status(server, path)]).toEqual([path, 404]);
    }
  });

  test('are paths of a front controller', async () => {
    await using server = await startTestServer('root www; cgi .cgi; try_files $uri $uri/ /app.cgi;', {
      'www/app.cgi': echo,
      'www/.env': 'CANARY',
      'www/.git/index.html': 'CANARY',
    });
    for (const path of ['/.NET', '/a/.b', '/.env', '/.git/']) {
      expect([path, await text(server, path)]).toEqual([path, expect.stringMatching(/^\/app\.cgi/)]);
    }
  });

  test('are served, listed, stored and deleted where the configuration says so', async () => {
    await using server = await startTestServer(
      `root www; location /shown { hidden_files on; autoindex on; autoindex_format json; upload on; upload_delete on;
         location /shown/not { hidden_files off; } }
       location /hidden { autoindex on; autoindex_format json; upload on; upload_delete on; }`,
      {
        'www/shown/.a': 'a',
        'www/shown/.d/b': 'b',
        'www/shown/not/.a': 'CANARY',
        'www/shown/.webserv-upload-0-0-0-1': 'CANARY',
        'www/hidden/.a': 'CANARY',
        'www/hidden/b': 'b',
      },
    );
    expect(await text(server, '/shown/.a')).toBe('a');
    expect(await text(server, '/shown/.d/b')).toBe('b');
    const names = async (path: string) =>
      ((await (await server.fetch(path)).json()) as { name: string }[]).map(({ name }) => name);
    expect(await names('/shown/')).toEqual(['.d', 'not', '.a']);
    expect(await names('/hidden/')).toEqual(['b']);
    expect(await status(server, '/shown/not/.a')).toBe(404);
    expect(await status(server, '/shown/.webserv-upload-0-0-0-1')).toBe(404);
    expect(await status(server, '/shown/.webserv-upload-0-0-0-1', { method: 'DELETE' })).toBe(404);
    expect(await status(server, '/shown/.new', { method: 'PUT', body: 'new' })).toBe(201);
    expect(await text(server, '/shown/.new')).toBe('new');
    expect(await status(server, '/shown/.new', { method: 'DELETE' })).toBe(204);
    expect(await status(server, '/hidden/.new', { method: 'PUT', body: 'new' })).toBe(404);
    expect(await status(server, '/hidden/.a', { method: 'DELETE' })).toBe(404);
  });
});

describe('what a plugin can open', () => {
  test('keeps to the root and to what is not hidden, whichever way it asks', async () => {
    const kinds: string[] = [];
    const plugin = definePlugin({
      name: 'opener',
      apply({ hooks, route }) {
        hooks.onRoute.tapPromise({ stage: Stage.handler }, async (exchange) => {
          const { request } = exchange;
          const lookup = await route.open(request);
          const path = route.resolve(request.path);
          kinds.push(`${lookup.kind} ${path === undefined ? 'none' : (await exchange.open(path)).kind}`);
          if (lookup.kind !== 'file') return undefined;
          return { status: 200, body: { file: lookup.file, start: 0, end: lookup.file.size } };
        });
      },
    });
    await using server = await startTestServer(
      'root www; static off;',
      { 'www/a.txt': 'a', 'www/.b': 'CANARY', 'www/d/.c/e': 'CANARY', 'www/dir/': null },
      { plugins: [plugin] },
    );
    expect(await text(server, '/a.txt')).toBe('a');
    for (const path of ['/.b', '/d/.c/e', '/a%2ftxt', '/dir', '/none'])
      expect(await status(server, path)).toBe(404);
    expect(kinds).toEqual([
      'file file',
      'absent none',
      'absent none',
      'absent none',
      'directory directory',
      'absent absent',
    ]);
  });

  test('is not hidden either where it joins the name itself, as in JavaScript', async () => {
    const kinds: string[] = [];
    const plugin = definePlugin({
      name: 'joiner',
      apply({ hooks, route }) {
        hooks.onRoute.tapPromise({ stage: Stage.handler }, async (exchange) => {
          const own = String(route.resolve(exchange.request.path));
          for (const name of ['a.txt', '.b', 'd/.c/e']) {
            const path = own.replace('a.txt', name);
            const lookup: Lookup = await Reflect.apply(exchange.open, exchange, [path]);
            kinds.push(lookup.kind);
          }
          return { status: 204 };
        });
      },
    });
    await using server = await startTestServer(
      'root www;',
      { 'www/a.txt': 'a', 'www/.b': 'CANARY', 'www/d/.c/e': 'CANARY' },
      { plugins: [plugin] },
    );
    expect(await status(server, '/a.txt')).toBe(204);
    expect(kinds).toEqual(['file', 'absent', 'absent']);
  });
});
