import { startTestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

const app = {
  content:
    '#!/bin/sh\nprintf "content-type: text/plain\\n\\n%s %s?%s [%s]" "$REQUEST_METHOD" "$SCRIPT_NAME" "$QUERY_STRING" "$(cat)"\n',
  mode: 0o755,
};

describe('try_files', () => {
  test('answers with the first file there is, then fails with the code', async () => {
    await using server = await startTestServer('root www; try_files $uri $uri.html /other$uri =404;', {
      'www/a': 'a',
      'www/b.html': 'b',
      'www/other/c': 'c',
    });
    expect(await (await server.fetch('/a')).text()).toBe('a');
    const page = await server.fetch('/b');
    expect(await page.text()).toBe('b');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await (await server.fetch('/c')).text()).toBe('c');
    expect((await server.fetch('/d')).status).toBe(404);
  });

  test('fails with any error code', async () => {
    await using server = await startTestServer('root www; try_files $uri =410;', { 'www/': null });
    expect((await server.fetch('/d')).status).toBe(410);
  });

  test('forwards to the URI when there is no file: a page that routes itself', async () => {
    await using server = await startTestServer('root www; try_files $uri $uri/ /index.html;', {
      'www/index.html': 'app',
      'www/a.js': 'script',
      'www/docs/index.html': 'docs',
      'www/bare/': null,
    });
    expect(await (await server.fetch('/a.js')).text()).toBe('script');
    expect(await (await server.fetch('/')).text()).toBe('app');
    expect(await (await server.fetch('/any/where?x=1')).text()).toBe('app');
    expect(await (await server.fetch('/docs/')).text()).toBe('docs');
    const folder = await server.fetch('/docs?x=1');
    expect(folder.status).toBe(301);
    expect(folder.headers.get('location')).toBe('/docs/?x=1');
    expect((await server.fetch('/bare/')).status).toBe(404);
  });

  test('keeps the method and the content of what it forwards, with the query that is written', async () => {
    await using server = await startTestServer('root www; cgi .sh; try_files $uri $uri/ /app.sh?$args;', {
      'www/app.sh': app,
      'www/a.txt': 'a',
    });
    const text = async (path: string, init?: RequestInit) => (await server.fetch(path, init)).text();
    expect(await text('/x/y?a=%20&b')).toBe('GET /app.sh?a=%20&b []');
    expect(await text('/x/y', { method: 'POST', body: 'content' })).toBe('POST /app.sh? [content]');
    expect(await text('/x/y', { method: 'DELETE' })).toBe('DELETE /app.sh? []');
    expect((await server.fetch('/a.txt', { method: 'POST', body: 'content' })).status).toBe(405);
  });

  test('a question mark in a file name does not start a query', async () => {
    await using server = await startTestServer('root www; cgi .sh; try_files $uri /app.sh$uri?fixed;', {
      'www/app.sh': app,
    });
    expect(await (await server.fetch('/x%3Fy')).text()).toBe('GET /app.sh?fixed []');
  });

  test('runs a script it finds, and does not send it', async () => {
    await using server = await startTestServer('root www; cgi .sh; try_files $uri $uri.sh =404;', {
      'www/app.sh': app,
    });
    for (let round = 0; round < 3; round += 1) {
      expect(await (await server.fetch('/app?q')).text()).toBe('GET /app.sh?q []');
    }
  });

  test('candidates are below the root of their location, whichever way they are written', async () => {
    await using server = await startTestServer(
      'location /app { root files; try_files $uri /app/one.txt /two.txt three.txt =404; }',
      { 'files/two.txt': 'two', 'files/three.txt': 'three', 'two.txt': 'CANARY' },
    );
    expect(await (await server.fetch('/app/x')).text()).toBe('two');
  });

  test('what a client sends never leads out of the root or to a hidden file', async () => {
    await using server = await startTestServer('root www; try_files /$http_x $http_x =404;', {
      'secret.txt': 'CANARY',
      'www/.htpasswd': 'CANARY',
      'www/a.txt': 'a',
    });
    const get = async (x: string) => (await server.fetch('/q', { headers: { x } })).text();
    expect(await get('a.txt')).toBe('a');
    for (const x of [
      '../secret.txt',
      '/../secret.txt',
      '..%2fsecret.txt',
      '.htpasswd',
      'a/../../secret.txt',
    ]) {
      expect(await get(x), x).not.toContain('CANARY');
    }
  });

  test('a URI that is not there either is 404, not a loop', async () => {
    await using server = await startTestServer('root www; try_files $uri /gone.html;', { 'www/': null });
    expect((await server.fetch('/x')).status).toBe(404);
    expect((await server.fetch('/gone.html')).status).toBe(404);
    expect(server.log).toEqual([]);
  });

  test('a candidate before the own file wins although the own file was asked for before', async () => {
    await using server = await startTestServer('root www; try_files /first$uri $uri =404;', {
      'www/a.txt': 'own',
      'www/first/b.txt': 'first',
    });
    for (let round = 0; round < 3; round += 1) {
      expect(await (await server.fetch('/a.txt')).text()).toBe('own');
      expect(await (await server.fetch('/b.txt')).text()).toBe('first');
    }
  });

  test('is not inherited', async () => {
    await using server = await startTestServer('root www; try_files $uri /index.html; location /files { }', {
      'www/index.html': 'app',
      'www/files/': null,
    });
    expect((await server.fetch('/files/gone')).status).toBe(404);
  });

  test.each([
    ['try_files $uri /index.sh?$args;', '/?a', 'GET /index.sh?a []'],
    ['try_files $uri /index.sh$is_args$args;', '/', 'GET /index.sh? []'],
    ['try_files $uri /index.sh$is_args$args;', '/dir/?a', 'GET /index.sh?a []'],
    ['try_files $uri /index.sh$is_args$args;', '/dir', 'GET /index.sh? []'],
    ['try_files $uri /index.sh$is_args$args;', '/dir/a.txt', 'a'],
    ['try_files $uri /index.sh$is_args$args;', '/dir/a.txt/', 'GET /index.sh? []'],
    ['try_files $uri /dir/ /index.sh;', '/x', 'index of dir'],
    ['try_files $uri /dir /index.sh;', '/x', 'GET /index.sh? []'],
    ['try_files $uri $uri/ /index.sh;', '/dir/', 'index of dir'],
    ['try_files $uri/ /index.sh;', '/dir/a.txt', 'GET /index.sh? []'],
    ['try_files $uri/ /index.sh;', '/dir/', 'index of dir'],
    ['try_files $uri/index.html /index.sh;', '/dir/', 'index of dir'],
  ])(
    'tests a name for a file, and one with a written slash at its end for a directory: %s %s',
    async (conf, path, text) => {
      await using server = await startTestServer(
        `root www; cgi .sh; autoindex on; index index.html; ${conf}`,
        {
          'www/index.sh': app,
          'www/dir/a.txt': 'a',
          'www/dir/index.html': 'index of dir',
        },
      );
      for (let round = 0; round < 2; round += 1) expect(await (await server.fetch(path)).text()).toBe(text);
    },
  );

  test('names are below the root that is in force, wherever it is written', async () => {
    await using server = await startTestServer(
      `root www; location /shop { try_files $uri /placeholder.txt =404; location /shop/in { try_files $uri in.txt =404; } }
       location /own { root own; try_files $uri /placeholder.txt /own/placeholder.txt =404;
         location /own/in { try_files $uri /own/in.txt =404; } }`,
      {
        'www/placeholder.txt': 'placeholder',
        'www/shop/placeholder.txt': 'CANARY',
        'www/in.txt': 'in',
        'own/placeholder.txt': 'own',
        'own/in.txt': 'in own',
      },
    );
    expect(await (await server.fetch('/shop/x')).text()).toBe('placeholder');
    expect(await (await server.fetch('/shop/in/x')).text()).toBe('in');
    expect(await (await server.fetch('/own/x')).text()).toBe('own');
    expect(await (await server.fetch('/own/in/x')).text()).toBe('in own');
  });
});
