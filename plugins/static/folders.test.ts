import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

const script = (text: string) => ({ content: `#!/bin/sh\n${text}`, mode: 0o755 });
const echo = script(
  '# SOURCE\nprintf "content-type: text/plain\\n\\n%s ran by %s" "$SCRIPT_NAME" "$REQUEST_METHOD"\n',
);

/** Returns the status and the Location of a response. */
async function walk(server: TestServer, path: string, init?: RequestInit): Promise<string> {
  const answer = await server.fetch(path, init);
  const location = answer.headers.get('location');
  return location === null ? String(answer.status) : `${answer.status} ${location}`;
}

describe('a folder', () => {
  test('without the slash is redirected to it, with the query', async () => {
    await using server = await startTestServer('location / { root www; }', { 'www/a dir/é/': null });
    expect(await walk(server, '/a%20dir')).toBe('301 /a%20dir/');
    expect(await walk(server, '/a%20dir/%C3%A9?x=1&y=%20')).toBe('301 /a%20dir/%C3%A9/?x=1&y=%20');
  });

  test.each(['//evil.example/..', '//evil.example/%2e%2e/dir', '///dir', '/.//dir', '//dir/.'])(
    'never redirects to another host: %s',
    async (path) => {
      await using server = await startTestServer('location / { root www; }', {
        'www/dir/': null,
        'www/evil.example/': null,
      });
      const answer = await server.raw(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      expect(/\r\nLocation: ([^\r]*)/.exec(answer)?.[1] ?? '/').toMatch(/^\/(?!\/)/);
    },
  );

  test('is answered with the first index file that is a file', async () => {
    await using server = await startTestServer('root www; index one.html two.html three.html;', {
      'www/one.html/': null,
      'www/two.html': 'two',
      'www/three.html': 'three',
    });
    const answer = await server.fetch('/');
    expect(await answer.text()).toBe('two');
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });

  test('without an index file is listed by autoindex, or else 404', async () => {
    await using server = await startTestServer('root www; location /list { autoindex on; }', {
      'www/plain/a': '',
      'www/list/a': '',
    });
    expect(await walk(server, '/plain/')).toBe('404');
    expect(await walk(server, '/list/')).toBe('200');
    expect(await walk(server, '/nowhere/')).toBe('404');
  });

  test('whose index file is a script is answered by running it, each time', async () => {
    await using server = await startTestServer('root www; index index.html index.sh; cgi .sh;', {
      'www/dir/index.sh': echo,
    });
    for (const method of ['GET', 'GET', 'POST']) {
      expect(await (await server.fetch('/dir/?a=1', { method })).text()).toBe(
        `/dir/index.sh ran by ${method}`,
      );
    }
    await sleep(1200);
    for (let round = 0; round < 3; round += 1) {
      expect(await (await server.fetch('/dir/')).text()).toBe('/dir/index.sh ran by GET');
    }
  });

  test('takes POST only where its index file is a script', async () => {
    await using server = await startTestServer(
      'root www; index index.txt; location /html { index index.html; }',
      {
        'www/index.txt': '',
        'www/html/index.html': '',
      },
    );
    expect(await walk(server, '/', { method: 'POST' })).toBe('405');
    expect(await walk(server, '/html/', { method: 'POST' })).toBe('405');
  });

  test('asks the route of its index file', async () => {
    await using server = await startTestServer(
      'root www; location = /a/index.html { return 403; } location *.htm { static off; }',
      { 'www/a/index.html': 'never', 'www/b/index.html': 'b' },
    );
    for (let round = 0; round < 3; round += 1) {
      expect(await walk(server, '/a/')).toBe('403');
      expect(await walk(server, '/b/')).toBe('200');
    }
  });
});

describe('names that are not told', () => {
  test('hidden files and folders are 404, but for .well-known', async () => {
    await using server = await startTestServer('root www;', {
      'www/.htpasswd': 'secret',
      'www/.git/config': 'secret',
      'www/.well-known/security.txt': 'public',
      'www/.well-known/.secret': 'secret',
      'www/a/.well-known/x': 'secret',
    });
    for (const path of ['/.htpasswd', '/%2ehtpasswd', '/.git', '/.git/', '/.git/config', '/%2egit/config']) {
      expect(await walk(server, path), path).toBe('404');
    }
    expect(await walk(server, '/.well-known/security.txt')).toBe('200');
    expect(await walk(server, '/.well-known/.secret')).toBe('404');
    expect(await walk(server, '/a/.well-known/x')).toBe('404');
  });

  test('links inside the root are followed, links out of it are 403', async () => {
    await using server = await startTestServer('root www;', { 'www/a.txt': 'a', 'outside/b.txt': 'CANARY' });
    symlinkSync('a.txt', join(server.directory, 'www/inner'));
    symlinkSync('../outside/b.txt', join(server.directory, 'www/outer'));
    symlinkSync('../outside', join(server.directory, 'www/folder'));
    expect(await walk(server, '/inner')).toBe('200');
    expect(await walk(server, '/outer')).toBe('403');
    expect(await walk(server, '/folder/b.txt')).toBe('403');
  });

  test('follow_symlinks on lets links lead anywhere', async () => {
    await using server = await startTestServer('root www; follow_symlinks on;', {
      'www/': null,
      'outside/b.txt': 'b',
    });
    symlinkSync('../outside', join(server.directory, 'www/folder'));
    expect(await (await server.fetch('/folder/b.txt')).text()).toBe('b');
  });
});
