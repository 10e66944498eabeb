import { execFileSync } from 'node:child_process';
import { chmodSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

const statusOf = async (server: TestServer, path: string) => (await server.fetch(path)).status;

describe('a file', () => {
  test('is answered with its type, length, date and a strong entity-tag', async () => {
    await using server = await startTestServer('location / { root www; }', { 'www/a.txt': 'hello' });
    const moment = new Date('2024-02-29T23:58:01.500Z');
    utimesSync(join(server.directory, 'www/a.txt'), moment, moment);

    const answer = await server.fetch('/a.txt');
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('hello');
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('content-length')).toBe('5');
    expect(answer.headers.get('last-modified')).toBe('Thu, 29 Feb 2024 23:58:01 GMT');
    expect(answer.headers.get('etag')).toMatch(/^"[\w-]+"$/);
    expect(answer.headers.get('accept-ranges')).toBe('bytes');
  });

  test.each([
    ['page.html', 'text/html; charset=utf-8'],
    ['style.css', 'text/css; charset=utf-8'],
    ['photo.PNG', 'image/png'],
    ['data.strange', 'application/octet-stream'],
    ['no-extension', 'application/octet-stream'],
  ])('%s is %s', async (name, type) => {
    await using server = await startTestServer('location / { root www; }', { [`www/${name}`]: 'x' });
    expect((await server.fetch(`/${name}`)).headers.get('content-type')).toBe(type);
  });

  test('is found below the prefix of the block its root stands in', async () => {
    await using server = await startTestServer('location /kapouet { root tmp/www; }', {
      'tmp/www/pouic/toto/pouet': 'found',
    });
    expect(await (await server.fetch('/kapouet/pouic/toto/pouet')).text()).toBe('found');
    expect(await statusOf(server, '/kapouetx/pouic/toto/pouet')).toBe(404);
  });

  test('may have any name, spaces and escapes included', async () => {
    await using server = await startTestServer('location / { root www; }', { 'www/50% #1 é?.txt': 'x' });
    expect(await statusOf(server, '/50%25%20%231%20%C3%A9%3F.txt')).toBe(200);
  });

  test('of no bytes is answered with none', async () => {
    await using server = await startTestServer('location / { root www; }', { 'www/empty': '' });
    const answer = await server.fetch('/empty');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-length')).toBe('0');
  });

  test('HEAD is answered with the fields of GET and no content', async () => {
    await using server = await startTestServer('location / { root www; }', { 'www/a.txt': 'hello' });
    const fields = async (method: string) => {
      const answer = await server.fetch('/a.txt', { method });
      // Date differs, and fetch itself sends Connection: close with HEAD.
      return { ...Object.fromEntries(answer.headers), date: '', connection: '', text: await answer.text() };
    };
    expect(await fields('HEAD')).toEqual({ ...(await fields('GET')), text: '' });
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('does not take %s: 405 with Allow', async (method) => {
    await using server = await startTestServer('location / { root www; }', { 'www/a.txt': 'hello' });
    const answer = await server.fetch('/a.txt', { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
  });

  test('that is not there is 404, and so is a file with a slash behind it', async () => {
    await using server = await startTestServer('location / { root www; }', { 'www/a.txt': 'hello' });
    expect(await statusOf(server, '/b.txt')).toBe(404);
    expect(await statusOf(server, '/a.txt/')).toBe(404);
    expect(await statusOf(server, '/a.txt/b')).toBe(404);
    expect(await statusOf(server, `/${'x'.repeat(300)}`)).toBe(404);
  });

  test('that may not be read is 403', async () => {
    await using server = await startTestServer('location / { root www; }', {
      'www/secret.txt': { content: 'secret', mode: 0 },
      'www/closed/index.html': 'secret',
    });
    chmodSync(server.directory, 0o755);
    chmodSync(join(server.directory, 'www/closed'), 0);
    // root may read every file.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      expect(await statusOf(server, '/secret.txt')).toBe(403);
      expect(await statusOf(server, '/closed/index.html')).toBe(403);
      expect(await statusOf(server, '/closed/')).toBe(403);
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(join(server.directory, 'www/closed'), 0o700);
    }
  });

  test('that is a fifo or a device is never opened', async () => {
    await using server = await startTestServer('location / { root www; }', { 'www/': null });
    execFileSync('mkfifo', [join(server.directory, 'www/fifo')]);
    expect(await statusOf(server, '/fifo')).toBe(404);
    await using devices = await startTestServer('location / { root /dev; }');
    expect(await statusOf(devices, '/zero')).toBe(404);
  });

  test('the plugin can be switched off, and is not there without a root', async () => {
    await using server = await startTestServer('root www; location /off { static off; }', {
      'www/a.txt': '',
      'www/off/a.txt': '',
    });
    expect(await statusOf(server, '/a.txt')).toBe(200);
    expect(await statusOf(server, '/off/a.txt')).toBe(404);
    await using rootless = await startTestServer('location / { }');
    expect(await statusOf(rootless, '/a.txt')).toBe(404);
  });

  test('etag off leaves the entity-tag away, cache_control adds its field', async () => {
    await using server = await startTestServer('root www; etag off; cache_control "public, max-age=60";', {
      'www/a.txt': 'hello',
    });
    const answer = await server.fetch('/a.txt');
    expect(answer.headers.has('etag')).toBe(false);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=60');
  });
});

describe('an error page', () => {
  test('is the whole file with the status of the error, whatever the request asks by condition or range', async () => {
    await using server = await startTestServer('root www; error_page 404 /404.html;', {
      'www/404.html': 'gone',
    });
    const headers = { range: 'bytes=0-0', 'if-none-match': '*' };
    for (let round = 0; round < 3; round += 1) {
      const answer = await server.fetch('/nowhere', { headers });
      expect(answer.status).toBe(404);
      expect(await answer.text()).toBe('gone');
    }
  });
});

describe('a configuration', () => {
  const start = (conf: string) => async () => {
    await using server = await startTestServer(conf);
    return server.port;
  };

  test.each([
    ['root .; index a/b.html;', 'a file name'],
    ['root .; index .htaccess;', 'a file name'],
    ['root .; try_files $uri;', 'try_files'],
    ['root .; try_files $uri =200;', 'an error status'],
    ['root .; try_files $uri index.html;', 'starts with a slash'],
    ['root .; cache_control "a\r\nb";', 'the value of a header field'],
    ['file_cache 1k;\nserver { listen 127.0.0.1:0; }', 'at least 64k'],
    ['file_cache 1m valid=2s;\nserver { listen 127.0.0.1:0; }', 'at most 1s'],
    ['file_cache 1m 1s;\nserver { listen 127.0.0.1:0; }', 'valid=TIME'],
    ['file_cache off valid=1s;\nserver { listen 127.0.0.1:0; }', 'at least 64k'],
  ])('%j is refused', async (conf, problem) => {
    await expect(start(conf)).rejects.toThrow(problem);
  });
});

test('charset: utf-8 unless the block, or one around it, says another name or off', async () => {
  const page = '<meta charset="windows-1252">';
  const files = Object.fromEntries(
    ['a', 'off', 'win', 'win/utf'].map((folder) => [`www/${folder}/a.html`, page]),
  );
  await using server = await startTestServer(
    `root www;
     location /off { charset off; }
     location /win { charset windows-1252; location /win/utf { charset utf-8; } }`,
    files,
  );
  const typeOf = async (path: string, init?: RequestInit) =>
    (await server.fetch(path, init)).headers.get('content-type');
  expect(await typeOf('/a/a.html')).toBe('text/html; charset=utf-8');
  expect(await typeOf('/off/a.html')).toBe('text/html');
  expect(await typeOf('/off/a.html', { method: 'HEAD' })).toBe('text/html');
  expect(await typeOf('/off/a.html', { headers: { range: 'bytes=0-1' } })).toBe('text/html');
  expect(await typeOf('/win/a.html')).toBe('text/html; charset=windows-1252');
  expect(await typeOf('/win/utf/a.html')).toBe('text/html; charset=utf-8');
});
