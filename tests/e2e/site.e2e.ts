import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Command, demonstration } from './command.js';
import { ask, raw } from './http.js';

let server: Command;

beforeAll(async () => {
  server = await demonstration();
});

afterAll(async () => {
  expect(await server.end('SIGTERM')).toBe(0);
});

const hasPhp = spawnSync('php-cgi', ['-v']).status === 0;
if (!hasPhp) process.stderr.write('php-cgi is not installed: its test is left out\n');
if (!hasPhp && process.env.CI !== undefined) throw new Error('php-cgi is required in CI');

describe('the command', () => {
  it('prints the addresses it serves', () => {
    expect(server.stdout()).toMatch(
      /http:\/\/127\.0\.0\.1:8080\n.*https:\/\/127\.0\.0\.1:8443\n.*http:\/\/127\.0\.0\.1:8081\n/,
    );
  });
});

describe('static files and directories', () => {
  it('a page, its style and its picture come with their types', async () => {
    expect((await ask({ path: '/' })).headers['content-type']).toBe('text/html; charset=utf-8');
    expect((await ask({ path: '/assets/style.css' })).headers['content-type']).toBe(
      'text/css; charset=utf-8',
    );
    expect((await ask({ path: '/images/aurora.png' })).headers['content-type']).toBe('image/png');
    expect((await ask({ path: '/favicon.ico' })).status).toBe(200);
  });

  it('HEAD is GET without the body', async () => {
    const get = await ask({ path: '/' });
    const head = await ask({ method: 'HEAD', path: '/' });
    expect(head.body).toBe('');
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    expect(head.headers.etag).toBe(get.headers.etag);
  });

  it('a file that did not change is 304, and a range of it 206', async () => {
    const { headers, body } = await ask({ path: '/' });
    expect((await ask({ path: '/', headers: { 'if-none-match': String(headers.etag) } })).status).toBe(304);
    expect(
      (await ask({ path: '/', headers: { 'if-modified-since': String(headers['last-modified']) } })).status,
    ).toBe(304);
    const range = await ask({ path: '/', headers: { range: 'bytes=0-9' } });
    expect(range.status).toBe(206);
    expect(range.body).toBe(body.slice(0, 10));
    expect(range.headers['content-range']).toBe(`bytes 0-9/${Buffer.byteLength(body)}`);
  });

  it('a directory without its slash is 301 to the slash, with the query', async () => {
    const answer = await ask({ path: '/folder?a=b' });
    expect(answer.status).toBe(301);
    expect(answer.headers.location).toBe('/folder/?a=b');
    expect((await ask({ path: '/folder/' })).status).toBe(200);
  });

  it('a directory with neither index nor listing is 404, on the site’s own page', async () => {
    const answer = await ask({ path: '/images/' });
    expect(answer.status).toBe(404);
    expect(answer.body).toBe((await ask({ path: '/absent' })).body);
    expect(answer.body).toContain('style.css');
  });

  it('a listing escapes its names, and is JSON for clients that request it', async () => {
    const page = await ask({ path: '/listing/' });
    expect(page.body).toContain('names%20with%20spaces%20%26%20signs.txt');
    expect(page.body).toContain('names with spaces &amp; signs.txt');
    const json: unknown = JSON.parse(
      (await ask({ path: '/listing/', headers: { accept: 'application/json' } })).body,
    );
    expect(json).toContainEqual(expect.objectContaining({ name: 'letters', type: 'directory' }));
  });
});

describe('redirects and short responses', () => {
  it('return 301, 302, 200 and 403', async () => {
    expect((await ask({ path: '/old-page' })).headers.location).toBe('/folder/');
    expect((await ask({ path: '/elsewhere?x=1' })).headers.location).toBe(
      'http://second.localhost:8080/?x=1',
    );
    expect((await ask({ path: '/hello' })).body).toBe('Hello from localhost, you asked for /hello\n');
    const refused = await ask({ path: '/private' });
    expect(refused.status).toBe(403);
    expect(refused.body).toContain('style.css');
  });

  it('methods GET: every other known method is 405 with Allow, including HEAD; an unknown method is 501', async () => {
    expect((await ask({ path: '/only-get/' })).status).toBe(200);
    for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const answer = await ask({ method, path: '/only-get/' });
      expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, 'GET']);
    }
    expect(await raw('BREW / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 501 /,
    );
  });

  it.each([
    [0, 200],
    [100, 200],
    [101, 413],
    [200, 413],
  ])('a body of %i bytes at the limit of 100 is %i, by length and chunked', async (size, status) => {
    const body = 'x'.repeat(size);
    expect((await ask({ method: 'POST', path: '/tiny', body })).status).toBe(status);
    expect((await ask({ method: 'POST', path: '/tiny', body, chunked: true })).status).toBe(status);
  });
});

describe('several servers', () => {
  it('are selected by name on one port; the first also serves names that no server has', async () => {
    const first = await ask({ path: '/' });
    const second = await ask({ path: '/', host: 'second.localhost' });
    expect(second.body).not.toBe(first.body);
    expect((await ask({ path: '/', host: 'www.second.localhost' })).body).toBe(second.body);
    expect((await ask({ path: '/', host: 'nobody.example' })).body).toBe(first.body);
  });

  it('a third on another port has other files, and a page for every URL that is not a file', async () => {
    const third = await ask({ path: '/', port: 8081 });
    expect(third.status).toBe(200);
    expect(third.body).not.toBe((await ask({ path: '/' })).body);
    const app = await ask({ path: '/app/any/where', port: 8081 });
    expect(app.body).toBe((await ask({ path: '/app/index.html', port: 8081 })).body);
  });
});

describe('uploads', () => {
  it('a file is put, replaced, fetched back and deleted', async () => {
    const path = `/files/e2e-${process.pid}.txt`;
    expect((await ask({ method: 'PUT', path, body: 'one' })).status).toBe(201);
    expect((await ask({ method: 'PUT', path, body: 'two', chunked: true })).status).toBe(204);
    expect((await ask({ path })).body).toBe('two');
    expect((await ask({ method: 'DELETE', path })).status).toBe(204);
    expect((await ask({ path })).status).toBe(404);
    expect((await ask({ method: 'DELETE', path })).status).toBe(404);
  });

  it('an incomplete upload leaves no file', async () => {
    const before = await readdir('sites/uploads');
    const controller = new AbortController();
    const body = new ReadableStream({
      start(stream) {
        stream.enqueue(new Uint8Array(100_000));
        setTimeout(() => controller.abort(), 100);
      },
    });
    await expect(
      fetch('http://127.0.0.1:8080/files/broken-off.bin', {
        method: 'PUT',
        body,
        duplex: 'half',
        signal: controller.signal,
      }),
    ).rejects.toThrow();
    await expect.poll(() => readdir('sites/uploads')).toEqual(before);
  });

  it('a name cannot lead out of the store', async () => {
    expect((await ask({ method: 'PUT', path: '/files/..%2fescaped.txt', body: 'x' })).status).toBe(404);
    expect((await ask({ method: 'PUT', path: '/files/.hidden', body: 'x' })).status).toBeGreaterThanOrEqual(
      400,
    );
  });
});

describe('scripts', () => {
  it('a shell script, a Python script and its body', async () => {
    expect((await ask({ path: '/cgi/hello.cgi?name=webserv' })).status).toBe(200);
    expect((await ask({ method: 'POST', path: '/cgi/count.py', body: 'some text' })).status).toBe(200);
    expect(
      (await ask({ method: 'POST', path: '/cgi/count.py', body: 'some text', chunked: true })).status,
    ).toBe(200);
  });

  it.runIf(hasPhp)('a PHP script', async () => {
    const answer = await ask({ path: '/cgi/info.php?name=webserv' });
    expect(answer.status).toBe(200);
    expect(answer.body).not.toContain('<?php');
  });

  it('a script that fails is 502 on the site’s own page, and its source is never sent', async () => {
    expect((await ask({ path: '/cgi/broken.cgi' })).status).toBe(502);
    for (const path of [
      '/cgi/hello.cgi/',
      '/cgi/hello.cgi%20',
      '/cgi/HELLO.CGI',
      '/cgi/hello.cgi.',
      '/cgi//hello.cgi',
    ]) {
      for (const method of ['GET', 'HEAD', 'PUT'])
        expect((await ask({ method, path })).body).not.toContain('#!/');
    }
  });
});

describe('a connection stays in sync', () => {
  it('after a method that is not allowed, an unknown method and a GET with content', async () => {
    const answers = await raw(
      [
        'DELETE /only-get/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello',
        'BREW /only-get/ HTTP/1.1\r\nHost: localhost\r\n\r\n',
        'GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 33\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n',
        'GET /hello HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
        'GET /private HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      ].join(''),
    );
    expect([...answers.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status)).toEqual([
      '405',
      '501',
      '200',
      '200',
      '403',
    ]);
  });
});
