import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const large = Buffer.alloc(3 * 1024 * 1024, 'Twelve bytes');
const files = { 'www/a.txt': '0123456789', 'www/empty': '', 'www/large.bin': large };

/** Responses must be the same from memory, from the file, and from a file too large for the cache. */
describe.each([
  ['kept in memory', 'file_cache 32m;', 1200],
  ['read from its file', 'file_cache off;', 0],
])('a file %s', (_, directive, settled) => {
  let server: TestServer;
  let etag: string;
  let modified: string;

  beforeAll(async () => {
    server = await startTestServer(`${directive}\nserver { listen 127.0.0.1:0; root www; }`, files);
    // Within the second of its Date, a Last-Modified is not a strong validator.
    const minuteAgo = new Date(Date.now() - 60_000);
    utimesSync(join(server.directory, 'www/a.txt'), minuteAgo, minuteAgo);
    await sleep(settled);
    const answer = await server.fetch('/a.txt');
    etag = answer.headers.get('etag') ?? '';
    modified = answer.headers.get('last-modified') ?? '';
  });

  afterAll(() => server[Symbol.asyncDispose]());

  const get = (path: string, headers: Record<string, string>, method = 'GET') =>
    server.fetch(path, { method, headers });

  test.each(['GET', 'HEAD'])('is not sent again to whom it is known: %s 304', async (method) => {
    for (const headers of [
      { 'if-none-match': etag },
      { 'if-none-match': `W/${etag}` },
      { 'if-none-match': `"other", ${etag}` },
      { 'if-none-match': '*' },
      { 'if-modified-since': modified },
      { 'if-none-match': etag, 'if-modified-since': 'Sun, 06 Nov 1994 08:49:37 GMT' },
    ]) {
      const answer = await get('/a.txt', headers, method);
      expect(answer.status, JSON.stringify(headers)).toBe(304);
      expect(await answer.text()).toBe('');
      expect(answer.headers.get('etag')).toBe(etag);
      expect(answer.headers.has('content-type')).toBe(false);
    }
  });

  test('is sent to whom another version is known', async () => {
    for (const headers of [
      { 'if-none-match': '"other"' },
      { 'if-none-match': '"other"', 'if-modified-since': modified },
      { 'if-modified-since': 'Sun, 06 Nov 1994 08:49:37 GMT' },
      { 'if-modified-since': 'no date' },
      { 'if-match': etag },
      { 'if-unmodified-since': modified },
    ]) {
      const answer = await get('/a.txt', headers);
      expect(answer.status, JSON.stringify(headers)).toBe(200);
      expect(await answer.text()).toBe('0123456789');
    }
  });

  test('is 412 to whom wants another version only', async () => {
    for (const headers of [
      { 'if-match': '"other"' },
      { 'if-match': `W/${etag}` },
      { 'if-match': '"other"', 'if-none-match': etag },
      { 'if-unmodified-since': 'Sun, 06 Nov 1994 08:49:37 GMT' },
    ]) {
      expect((await get('/a.txt', headers)).status, JSON.stringify(headers)).toBe(412);
    }
  });

  test.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=4-', '456789', 'bytes 4-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-300', '0123456789', 'bytes 0-9/10'],
    ['bytes=8-300', '89', 'bytes 8-9/10'],
    ['bytes=0-4,3-5', '012345', 'bytes 0-5/10'],
    ['bytes=2-2,10-', '2', 'bytes 2-2/10'],
  ])('is sent in part: %s', async (range, text, place) => {
    const answer = await get('/a.txt', { range });
    expect(answer.status).toBe(206);
    expect(await answer.text()).toBe(text);
    expect(answer.headers.get('content-range')).toBe(place);
    expect(answer.headers.get('content-length')).toBe(String(text.length));
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('etag')).toBe(etag);
  });

  test('is sent in several parts', async () => {
    const answer = await get('/a.txt', { range: 'bytes=0-1,-2' });
    expect(answer.status).toBe(206);
    expect(answer.headers.has('content-range')).toBe(false);
    const boundary = /^multipart\/byteranges; boundary=(.+)$/.exec(
      answer.headers.get('content-type') ?? '',
    )?.[1];
    const text = await answer.text();
    expect(answer.headers.get('content-length')).toBe(String(text.length));
    const type = 'content-type: text/plain; charset=utf-8\r\n';
    expect(text).toBe(
      `--${boundary}\r\n${type}content-range: bytes 0-1/10\r\n\r\n01\r\n` +
        `--${boundary}\r\n${type}content-range: bytes 8-9/10\r\n\r\n89\r\n--${boundary}--\r\n`,
    );
  });

  test('is sent in part only while it is the version that If-Range names', async () => {
    const range = 'bytes=0-3';
    for (const current of [etag, modified]) {
      expect((await get('/a.txt', { range, 'if-range': current })).status).toBe(206);
    }
    for (const other of ['"other"', `W/${etag}`, 'Sun, 06 Nov 1994 08:49:37 GMT', 'rubbish']) {
      const answer = await get('/a.txt', { range, 'if-range': other });
      expect(answer.status, other).toBe(200);
      expect(await answer.text()).toBe('0123456789');
    }
    expect((await get('/a.txt', { range: 'bytes=99-', 'if-range': '"other"' })).status).toBe(200);
  });

  test('has nothing where the range is: 416 with its size', async () => {
    for (const [path, range, size] of [
      ['/a.txt', 'bytes=10-', 10],
      ['/a.txt', 'bytes=-0', 10],
      ['/empty', 'bytes=5-', 0],
    ] as const) {
      const answer = await get(path, { range });
      expect(answer.status).toBe(416);
      expect(answer.headers.get('content-range')).toBe(`bytes */${size}`);
    }
  });

  test.each(['items=0-3', 'bytes=3-0', 'bytes=x', `bytes=${'0-1,'.repeat(100)}0-1`])(
    'is sent whole where the range cannot count: %s',
    async (range) => {
      const answer = await get('/a.txt', { range });
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe('0123456789');
    },
  );

  test.each(['bytes=0-', 'bytes=0-0', 'bytes=0-99', 'bytes=-5', 'bytes=-0', 'bytes=0-0,-1'])(
    'that is empty is sent whole for %s',
    async (range) => {
      const current = (await get('/empty', {})).headers.get('etag') ?? '';
      for (const headers of [{ range }, { range, 'if-range': current }, { range, 'if-range': '"other"' }]) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await get('/empty', headers, method);
          expect(answer.status).toBe(200);
          expect(answer.headers.get('content-length')).toBe('0');
          expect(answer.headers.has('content-range')).toBe(false);
          expect(await answer.text()).toBe('');
        }
      }
    },
  );

  test('HEAD takes no range', async () => {
    const answer = await get('/a.txt', { range: 'bytes=0-3' }, 'HEAD');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-length')).toBe('10');
    expect((await get('/a.txt', { range: 'bytes=99-' }, 'HEAD')).status).toBe(200);
  });

  test('a precondition comes before the range', async () => {
    const range = 'bytes=99-';
    expect((await get('/a.txt', { range, 'if-none-match': etag })).status).toBe(304);
    expect((await get('/a.txt', { range, 'if-match': '"other"' })).status).toBe(412);
  });

  test('of some megabytes is sent whole and in parts all the same', async () => {
    const whole = await get('/large.bin', {});
    expect(Buffer.from(await whole.arrayBuffer()).equals(large)).toBe(true);
    const part = await get('/large.bin', { range: 'bytes=1000000-2999999' });
    expect(Buffer.from(await part.arrayBuffer()).equals(large.subarray(1_000_000, 3_000_000))).toBe(true);
    const parts = await get('/large.bin', { range: 'bytes=2000000-2999999,0-999999' });
    const body = Buffer.from(await parts.arrayBuffer());
    expect(parts.headers.get('content-length')).toBe(String(body.length));
    const first = body.indexOf('\r\n\r\n') + 4;
    expect(body.subarray(first, first + 1_000_000).equals(large.subarray(2_000_000, 3_000_000))).toBe(true);
  });
});

test('without an entity-tag a 304 carries the date', async () => {
  await using server = await startTestServer('root www; etag off; cache_control no-cache;', files);
  const modified = (await server.fetch('/a.txt')).headers.get('last-modified') ?? '';
  const answer = await server.fetch('/a.txt', { headers: { 'if-modified-since': modified } });
  expect(answer.status).toBe(304);
  expect(answer.headers.get('last-modified')).toBe(modified);
  expect(answer.headers.get('cache-control')).toBe('no-cache');
});

describe('a file whose modification time says nothing', () => {
  const date = (ms: number): Date => new Date(ms);

  /** Reproducible builds, OSTree and Nix set every file to the epoch or one second after it. */
  test.each([
    ['the epoch', 0],
    ['a second after the epoch', 1000],
    ['before the epoch', -86_400_000],
    ['a part of a second before the epoch', -1],
  ])('%s: has no Last-Modified, and dates are not compared with it', async (_, ms) => {
    await using server = await startTestServer('root www; location /dated { etag off; }', {
      'www/a.txt': '0123456789',
      'www/dated/a.txt': '0123456789',
    });
    for (const path of ['/a.txt', '/dated/a.txt']) {
      utimesSync(join(server.directory, 'www', path), date(ms), date(ms));
      const epoch = date(0).toUTCString();
      for (const method of ['GET', 'HEAD']) {
        const answer = await server.fetch(path, { method });
        expect(answer.status).toBe(200);
        expect(answer.headers.has('last-modified')).toBe(false);
      }
      const since = await server.fetch(path, { headers: { 'if-modified-since': new Date().toUTCString() } });
      expect(since.status).toBe(200);
      const unmodified = await server.fetch(path, { headers: { 'if-unmodified-since': epoch } });
      expect(unmodified.status).toBe(200);
      const range = await server.fetch(path, { headers: { range: 'bytes=0-1', 'if-range': epoch } });
      expect(range.status).toBe(200);
      const known = await server.fetch(path, { headers: { 'if-none-match': '*' } });
      expect(known.status).toBe(304);
      expect(known.headers.has('last-modified')).toBe(false);
    }
  });

  test('in the future: Last-Modified is never later than Date', async () => {
    await using server = await startTestServer('root www;', { 'www/a.txt': '0123456789' });
    const future = date(Date.now() + 86_400_000);
    utimesSync(join(server.directory, 'www/a.txt'), future, future);
    const { headers } = await server.fetch('/a.txt');
    const modified = Date.parse(headers.get('last-modified') ?? '');
    expect(modified).toBeLessThanOrEqual(Date.parse(headers.get('date') ?? ''));
  });

  test('two seconds after the epoch is a date', async () => {
    await using server = await startTestServer('root www;', { 'www/a.txt': '' });
    utimesSync(join(server.directory, 'www/a.txt'), date(2000), date(2000));
    const { headers } = await server.fetch('/a.txt');
    expect(headers.get('last-modified')).toBe('Thu, 01 Jan 1970 00:00:02 GMT');
  });
});
