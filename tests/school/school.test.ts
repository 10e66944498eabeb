import { readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exchange, follow, pieces, shout } from './client.js';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The exam's directory as the testing kit uses it: scripts stay executable. */
function tree(): Record<string, { content: string; mode: number } | null> {
  const files: Record<string, { content: string; mode: number } | null> = { 'put_test/': null };
  for (const name of readdirSync(here, { recursive: true, encoding: 'utf8' })) {
    const path = join(here, name);
    const { mode } = statSync(path);
    if (!/^(?:www|YoupiBanane|upper\.sh)/.test(name) || statSync(path).isDirectory()) continue;
    files[name] = { content: readFileSync(path, 'utf8'), mode: mode & 0o777 };
  }
  return files;
}

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer(readFileSync(join(here, 'school.conf'), 'utf8'), tree());
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

describe('/ accepts GET only', () => {
  test('GET / is 200', async () => {
    expect((await exchange(server.port, '/')).status).toBe(200);
  });

  test('POST / with an empty chunked body is 405', async () => {
    const answer = await server.raw(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 405 /);
    expect(answer).toMatch(/\r\nallow: GET\r\n/i);
  });

  test.each(['HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s / is 405', async (method) => {
    const answer = await exchange(server.port, '/', { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET');
  });
});

describe('/directory/ is YoupiBanane', () => {
  test.each([
    ['/directory', 'youpi.bad_extension of YoupiBanane\n'],
    ['/directory/', 'youpi.bad_extension of YoupiBanane\n'],
    ['/directory/youpi.bad_extension', 'youpi.bad_extension of YoupiBanane\n'],
    ['/directory/nop', 'youpi.bad_extension of nop\n'],
    ['/directory/nop/', 'youpi.bad_extension of nop\n'],
    ['/directory/nop/other.pouic', 'other.pouic of nop\n'],
    ['/directory/Yeah/not_happy.bad_extension', 'not_happy.bad_extension of Yeah\n'],
  ])('GET %s is 200', async (path, content) => {
    const answer = await follow(server.port, path);
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe(content);
  });

  test('GET /directory/youpi.bla is 200', async () => {
    expect((await exchange(server.port, '/directory/youpi.bla')).status).toBe(200);
  });

  test.each(['/directory/oulalala', '/directory/nop/other.pouac', '/directory/Yeah'])(
    'GET %s is 404',
    async (path) => {
      expect((await follow(server.port, path)).status).toBe(404);
    },
  );
});

describe('PUT /put_test/ saves', () => {
  test('1,000 bytes, then 10,000,000 in their place', async () => {
    for (const size of [1000, 10_000_000]) {
      const content = Buffer.concat([...pieces(size)]);
      const answer = await exchange(server.port, '/put_test/file_should_exist_after', {
        method: 'PUT',
        body: content,
      });
      expect(answer.status).toBeGreaterThanOrEqual(200);
      expect(answer.status).toBeLessThan(300);
      const stored = await readFile(join(server.directory, 'put_test/file_should_exist_after'));
      expect(stored.equals(content)).toBe(true);
    }
  });
});

describe('any .bla responds to POST in upper case', () => {
  // The exam sends 100,000,000 bytes to each: once is enough to exceed every buffer between the client and the script.
  test.each([
    ['/directory/youpi.bla', 100_000_000],
    ['/directory/youpla.bla', 10_000_000],
  ])('POST %s of %d bytes in chunks', async (path, length) => {
    const { status, size, correct } = await shout(server.port, path, length);
    expect(status).toBe(200);
    expect(size).toBe(length);
    expect(correct).toBe(true);
  });

  test('outside /directory too', async () => {
    const { status, correct } = await shout(server.port, '/somewhere/else.bla', 1000);
    expect(status).toBe(200);
    expect(correct).toBe(true);
  });

  test('100,000 bytes, and X-Secret-Header-For-Test reaches the script', async () => {
    const { status, headers, correct } = await shout(server.port, '/directory/youpi.bla', 100_000, {
      'x-secret-header-for-test': '1',
    });
    expect(status).toBe(200);
    expect(correct).toBe(true);
    expect(headers['x-secret-header-for-test']).toBe('1');
  });
});

describe('/post_body accepts at most 100 bytes', () => {
  test.each([
    [0, 200],
    [100, 200],
    [200, 413],
    [101, 413],
  ])('POST of %d bytes is %d', async (size, status) => {
    const declared = await exchange(server.port, '/post_body', {
      method: 'POST',
      body: Buffer.concat([...pieces(size)]),
    });
    expect(declared.status).toBe(status);
    const chunked = await exchange(server.port, '/post_body', { method: 'POST', body: pieces(size) });
    expect(chunked.status).toBe(status);
  });
});
