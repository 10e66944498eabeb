import { randomBytes } from 'node:crypto';
import { rename, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { definePlugin, type Response, Stage } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';

const TEXT = 'All work and no play makes a dull page. '.repeat(200);
const FILES = {
  'www/a.html': TEXT,
  'www/a.txt': TEXT,
  'www/small.txt': 'short',
  'www/photo.jpg': TEXT,
  'www/large.txt': TEXT.repeat(400),
  'www/404.html': TEXT,
};

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

/** As it came: fetch would take the coding off. */
async function get(
  server: TestServer,
  path: string,
  fields: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer> {
  const lines = Object.entries({ Host: 'a', Connection: 'close', ...fields }).map(
    ([n, v]) => `${n}: ${v}\r\n`,
  );
  const raw = await server.raw(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  const end = raw.indexOf('\r\n\r\n');
  const [statusLine = '', ...fieldLines] = raw.slice(0, end).split('\r\n');
  const headers = new Headers(
    fieldLines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  );
  const body = Buffer.from(raw.slice(end + 4), 'latin1');
  const chunked = headers.get('transfer-encoding') === 'chunked';
  return { status: Number(statusLine.split(' ')[1]), headers, bytes: chunked ? unchunked(body) : body };
}

function unchunked(body: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, end), 16);
    if (size === 0) return Buffer.concat(pieces);
    pieces.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

const gzip = { 'Accept-Encoding': 'gzip' };
const coding = ({ headers }: Answer): string => headers.get('content-encoding') ?? 'identity';

describe('what the client takes', () => {
  it.each([
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip', 'gzip'],
    ['X-GZIP', 'gzip'],
    ['br', 'br'],
    ['gzip, deflate, br', 'br'],
    ['gzip;q=1, br;q=0.5', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['*', 'br'],
    ['*;q=0', 'identity'],
    ['br;q=0, *', process.versions.node.startsWith('20') ? 'gzip' : 'zstd'],
    ['identity', 'identity'],
    ['identity;q=1, gzip;q=0.5', 'identity'],
    ['identity;q=0.5, gzip;q=0.6', 'gzip'],
    ['identity;q=0', 'identity'],
    ['deflate, compress', 'identity'],
    ['gzip;q=2', 'identity'],
    ['gzip;q=0.0001', 'identity'],
    [';;,=,gzip', 'gzip'],
  ])('%s is answered with %s', async (accept, expected) => {
    await using server = await startTestServer('root www; compress on;', FILES);
    const answer = await get(server, '/a.html', accept === undefined ? {} : { 'Accept-Encoding': accept });
    expect(coding(answer)).toBe(expected);
    const decoded =
      expected === 'gzip'
        ? gunzipSync(answer.bytes)
        : expected === 'br'
          ? brotliDecompressSync(answer.bytes)
          : undefined;
    if (expected !== 'zstd') expect((decoded ?? answer.bytes).toString()).toBe(TEXT);
    expect(answer.headers.get('vary')).toBe('accept-encoding');
  });

  it('is asked in the order that is configured', async () => {
    await using server = await startTestServer('root www; compress on; compress_encodings gzip br;', FILES);
    expect(coding(await get(server, '/a.html', { 'Accept-Encoding': 'br, gzip' }))).toBe('gzip');
    expect(coding(await get(server, '/a.html', { 'Accept-Encoding': 'br' }))).toBe('br');
  });
});

describe('the fields of a compressed answer', () => {
  it('have its own length, a weak entity-tag and no ranges', async () => {
    await using server = await startTestServer('root www; compress on;', FILES);
    const plain = await get(server, '/a.html');
    const { headers, bytes } = await get(server, '/a.html', gzip);
    expect(headers.get('content-length')).toBe(String(bytes.length));
    expect(headers.get('etag')).toBe(`W/${plain.headers.get('etag')}`);
    expect([headers.get('accept-ranges'), plain.headers.get('accept-ranges')]).toEqual([null, 'bytes']);
    expect(headers.get('last-modified')).toBe(plain.headers.get('last-modified'));
  });

  it('are the same for HEAD', async () => {
    await using server = await startTestServer('root www; compress on;', FILES);
    for (const path of ['/a.html', '/large.txt']) {
      const got = await get(server, path, gzip);
      const head = await get(server, path, gzip, 'HEAD');
      expect(head.bytes.length).toBe(0);
      for (const name of ['content-encoding', 'content-length', 'etag', 'vary', 'content-type']) {
        expect([name, head.headers.get(name)]).toEqual([name, got.headers.get(name)]);
      }
    }
  });

  it('revalidate: the tag that was sent gives 304, which varies too', async () => {
    await using server = await startTestServer('root www; compress on;', FILES);
    const etag = (await get(server, '/a.html', gzip)).headers.get('etag') ?? '';
    const answer = await get(server, '/a.html', { ...gzip, 'If-None-Match': etag });
    expect([answer.status, answer.bytes.length]).toEqual([304, 0]);
  });

  it('keep what the answer varies by already', async () => {
    const varies = definePlugin({
      name: 'varies',
      apply: ({ hooks }) =>
        hooks.onRoute.tap({ stage: Stage.rewrite }, ({ request }): Response => {
          const vary = request.path.slice(1);
          return { status: 200, headers: { 'content-type': 'text/plain', vary }, body: TEXT };
        }),
    });
    await using server = await startTestServer('compress on;', {}, { plugins: [varies] });
    const vary = async (path: string) => (await get(server, path, gzip)).headers.get('vary');
    expect(await vary('/Origin')).toBe('Origin, accept-encoding');
    expect(await vary('/Accept-Encoding')).toBe('Accept-Encoding');
    expect(await vary('/*')).toBe('*');
  });
});

describe('is left as it is', () => {
  it.each([
    ['a type that is compressed by itself', '/photo.jpg', 'compress on;', gzip],
    ['content shorter than compress_min_length', '/small.txt', 'compress on;', gzip],
    ['a range, and its whole', '/a.html', 'compress on;', { ...gzip, Range: 'bytes=0-9' }],
    ['what must not be transformed', '/a.html', 'compress on; cache_control "public, no-transform";', gzip],
    ['a type that is not configured', '/a.html', 'compress on; compress_types application/json;', gzip],
    ['what is on a route without it', '/a.html', 'compress off;', gzip],
  ])('%s', async (_what, path, conf, fields) => {
    await using server = await startTestServer(`root www; ${conf}`, FILES);
    const answer = await get(server, path, fields);
    expect(coding(answer)).toBe('identity');
    expect(answer.bytes.toString()).toBe(
      'Range' in fields ? TEXT.slice(0, 10) : path === '/small.txt' ? 'short' : TEXT,
    );
  });

  it('what is compressed already, by a script say', async () => {
    await using server = await startTestServer('root www; compress on; cgi .sh /bin/sh;', {
      'www/s.sh': `printf 'Content-Type: text/plain\\nContent-Encoding: x-own\\n\\n'; printf '%2000d' 1`,
    });
    expect(coding(await get(server, '/s.sh', gzip))).toBe('x-own');
  });

  it('content that gets no shorter', async () => {
    await using server = await startTestServer('root www; compress on;', {
      'www/noise.txt': randomBytes(4000),
    });
    expect(coding(await get(server, '/noise.txt', gzip))).toBe('identity');
  });
});

describe('a body of any kind is compressed', () => {
  it('a file too large to be kept, as it is sent', async () => {
    await using server = await startTestServer('root www; compress on;', FILES);
    const answer = await get(server, '/large.txt', gzip);
    expect(answer.headers.get('transfer-encoding')).toBe('chunked');
    expect(gunzipSync(answer.bytes).toString()).toBe(TEXT.repeat(400));
  });

  it('an error page', async () => {
    await using server = await startTestServer('root www; compress on; error_page 404 /404.html;', FILES);
    const answer = await get(server, '/none', gzip);
    expect([answer.status, coding(answer), gunzipSync(answer.bytes).toString()]).toEqual([404, 'gzip', TEXT]);
  });

  it('a stream, and what it gives now and then reaches the client at once', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* events(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('data: one\n\n');
      await held;
      yield Buffer.from('data: two\n\n');
    }
    const source = definePlugin({
      name: 'source',
      apply: ({ hooks }) =>
        hooks.onRoute.tap({ stage: Stage.rewrite }, () => ({
          status: 200,
          headers: { 'content-type': 'text/event-stream' },
          body: events(),
        })),
    });
    await using server = await startTestServer('compress on;', {}, { plugins: [source] });
    const answer = await server.fetch('/', { headers: { 'accept-encoding': 'gzip' } });
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    expect(Buffer.from(first?.value ?? []).toString()).toBe('data: one\n\n');
    release();
    const second = await reader?.read();
    expect(Buffer.from(second?.value ?? []).toString()).toBe('data: two\n\n');
    expect((await reader?.read())?.done).toBe(true);
  });

  it('a stream without end is read no faster than the client takes it, and closed when the client leaves', async () => {
    let given = 0;
    let closed = false;
    const noise = Buffer.from(Array.from({ length: 65_536 }, (_, at) => (at * 7919 * (at % 251)) % 256));
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          given += noise.length;
          yield Buffer.from(noise.map((byte) => (byte + given) % 251));
        }
      } finally {
        closed = true;
      }
    }
    const source = definePlugin({
      name: 'source',
      apply: ({ hooks }) =>
        hooks.onRoute.tap({ stage: Stage.rewrite }, () => ({
          status: 200,
          headers: { 'content-type': 'text/plain' },
          body: endless(),
        })),
    });
    await using server = await startTestServer(
      'compress on; compress_level fast;',
      {},
      { plugins: [source] },
    );
    const controller = new AbortController();
    const answer = await server.fetch('/', {
      headers: { 'accept-encoding': 'gzip' },
      signal: controller.signal,
    });
    expect(answer.status).toBe(200);
    await sleep(500);
    const before = given;
    await sleep(500);
    expect(given).toBe(before); // nobody reads: nothing more is made
    controller.abort();
    await expect.poll(() => closed, { timeout: 10_000 }).toBe(true);
  });

  it('a stream that breaks breaks the answer off', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(TEXT);
      throw new Error('no more');
    }
    const source = definePlugin({
      name: 'source',
      apply: ({ hooks }) =>
        hooks.onRoute.tap({ stage: Stage.rewrite }, () => ({
          status: 200,
          headers: { 'content-type': 'text/plain' },
          body: broken(),
        })),
    });
    await using server = await startTestServer('compress on;', {}, { plugins: [source] });
    const raw = await server.raw('GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n').catch(String);
    expect(raw.endsWith('0\r\n\r\n')).toBe(false);
    expect(server.log.join('\n')).toMatch(/answer broken off: Error: no more/);
  });
});

it('a hot file is compressed once and answered with the same value', async () => {
  const answers: Response[] = [];
  const watcher = definePlugin({
    name: 'watcher',
    apply: ({ hooks }) =>
      hooks.onResponse.tap({ stage: Stage.fallback + 1000 }, (response) => {
        answers.push(response);
        return response;
      }),
  });
  await using server = await startTestServer('root www; compress on;', FILES, { plugins: [watcher] });
  await sleep(1100); // a file that has just changed is not kept
  for (let turn = 0; turn < 4; turn += 1) expect(coding(await get(server, '/a.html', gzip))).toBe('gzip');
  expect(new Set(answers.slice(1)).size).toBe(1);
  expect(Object.isFrozen(answers[1])).toBe(true);
});

describe('compress_static', () => {
  const MARKED = `${TEXT}(made before)`;
  const siblings = {
    ...FILES,
    'www/a.html.br': brotliCompressSync(MARKED),
    'www/a.html.gz': gzipSync(MARKED),
    'www/large.txt.gz': gzipSync(MARKED),
    'www/only.html.gz': gzipSync(MARKED),
  };

  it('answers with the sibling of a file, without compressing anything itself', async () => {
    await using server = await startTestServer('root www; compress_static on;', siblings);
    for (const path of ['/a.html', '/large.txt']) {
      const answer = await get(server, path, gzip);
      expect([coding(answer), gunzipSync(answer.bytes).toString()]).toEqual(['gzip', MARKED]);
      expect(answer.headers.get('content-type')).toContain(path === '/a.html' ? 'text/html' : 'text/plain');
      expect(answer.headers.get('content-length')).toBe(String(answer.bytes.length));
    }
    expect(coding(await get(server, '/a.html', { 'Accept-Encoding': 'gzip, br' }))).toBe('br');
    expect(coding(await get(server, '/a.txt', gzip))).toBe('identity');
    expect((await get(server, '/a.txt', gzip)).headers.get('vary')).toBe('accept-encoding');
  });

  it('is 404 where the file itself is not there', async () => {
    await using server = await startTestServer('root www; compress_static on;', siblings);
    expect((await get(server, '/only.html', gzip)).status).toBe(404);
  });

  it('does not answer with one that is older than its file', async () => {
    await using server = await startTestServer('root www; compress on; compress_static on;', siblings);
    const old = new Date(Date.now() - 60_000);
    for (const name of ['a.html.br', 'a.html.gz'])
      await utimes(join(server.directory, 'www', name), old, old);
    const answer = await get(server, '/a.html', gzip);
    expect(gunzipSync(answer.bytes).toString()).toBe(TEXT);
  });

  it('does not follow a link that leads out of the root', async () => {
    await using server = await startTestServer('root www; compress_static on;', {
      ...FILES,
      'secret.gz': gzipSync('secret'),
    });
    await symlink('../secret.gz', join(server.directory, 'www/a.html.gz'));
    expect(coding(await get(server, '/a.html', gzip))).toBe('identity');
  });

  it('does not mistake a script’s page at a file’s URL for the file', async () => {
    await using server = await startTestServer('root www; compress_static on; cgi .html /bin/sh;', {
      'www/a.html': "printf 'Content-Type: text/html\\n\\n'; printf '%2000d' 7",
      'www/a.html.gz': gzipSync(MARKED),
    });
    const answer = await get(server, '/a.html', gzip);
    expect([coding(answer), answer.bytes.length]).toEqual(['identity', 2000]);
  });

  it('serves a new version of both within a second', async () => {
    await using server = await startTestServer('root www; compress_static on;', siblings);
    await sleep(1100);
    expect(gunzipSync((await get(server, '/a.html', gzip)).bytes).toString()).toBe(MARKED);
    await writeFile(join(server.directory, 'new'), `${TEXT}!`);
    await rename(join(server.directory, 'new'), join(server.directory, 'www/a.html'));
    await writeFile(join(server.directory, 'www/a.html.gz'), gzipSync('second version'));
    await sleep(1100);
    expect(gunzipSync((await get(server, '/a.html', gzip)).bytes).toString()).toBe('second version');
  });
});

describe('a mistake in the configuration is told', () => {
  it.each([
    ['compress_encodings deflate;', 'expected one of "br", "zstd", "gzip", got "deflate"'],
    ['compress_types html;', 'expected a media type such as text/html'],
    ['compress_level 9;', 'expected one of "fast", "default", "best"'],
    ['compress yes;', 'expected "on" or "off"'],
  ])('%s', async (conf, message) => {
    await expect(startTestServer(conf)).rejects.toThrow(message);
  });
});
