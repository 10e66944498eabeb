import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import zlib, { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { definePlugin, type Response, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';
import { coding, FILES, get, gzip, TEXT } from './client.test.fixture.js';

const hasZstd = 'createZstdCompress' in zlib;

/** Responds to every request with the return value of a function. */
function answering(name: string, respond: (path: string) => Response) {
  return definePlugin({
    name,
    apply: ({ hooks }) => hooks.onRoute.tap({ stage: Stage.rewrite }, ({ request }) => respond(request.path)),
  });
}

describe('what the client takes', () => {
  it.each([
    [undefined, 'identity'],
    ['gzip', 'gzip'],
    ['gzip, deflate, br', 'br'],
    ['br;q=0, *', hasZstd ? 'zstd' : 'gzip'],
    ['identity;q=1, gzip;q=0.5', 'identity'],
    ['identity;q=0', 'identity'],
    ['deflate, compress', 'identity'],
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

  it('are the same for HEAD, but for a length that only compressing would tell', async () => {
    await using server = await startTestServer('root www; compress on;', FILES);
    for (const path of ['/a.html', '/large.txt']) {
      const got = await get(server, path, gzip);
      const head = await get(server, path, gzip, 'HEAD');
      expect([head.bytes.length, head.headers.get('content-length')]).toEqual([0, null]);
      for (const name of ['content-encoding', 'etag', 'vary', 'content-type', 'accept-ranges']) {
        expect([name, head.headers.get(name)]).toEqual([name, got.headers.get(name)]);
      }
    }
  });

  it('are the same for a HEAD whose answer has no content of its own', async () => {
    const bare = answering('bare', (path) => ({
      status: 200,
      headers: { 'content-type': 'text/plain', 'content-length': path.slice(1), etag: '"1"' },
    }));
    await using server = await startTestServer('compress on;', {}, { plugins: [bare] });
    const { headers } = await get(server, '/5000', gzip, 'HEAD');
    expect([headers.get('content-encoding'), headers.get('content-length')]).toEqual(['gzip', null]);
    expect([headers.get('vary'), headers.get('etag')]).toEqual(['accept-encoding', 'W/"1"']);
    const short = await get(server, '/500', gzip, 'HEAD');
    expect([coding(short), short.headers.get('content-length')]).toEqual(['identity', '500']);
  });

  it('say nothing of the content as it was', async () => {
    const digested = answering('digested', () => ({
      status: 200,
      headers: {
        'content-type': 'text/plain',
        'content-digest': 'sha-256=:AA==:',
        'repr-digest': 'x=:AA==:',
      },
      body: TEXT,
    }));
    await using server = await startTestServer('compress on;', {}, { plugins: [digested] });
    const plain = await get(server, '/');
    expect(plain.headers.has('content-digest')).toBe(true);
    const { headers } = await get(server, '/', gzip);
    expect([headers.has('content-digest'), headers.has('repr-digest')]).toEqual([false, false]);
  });

  it('revalidate: the tag that was sent gives 304, with that tag and what it varies by', async () => {
    await using server = await startTestServer('root www; compress on;', FILES);
    for (const fields of [gzip, {}]) {
      const etag = (await get(server, '/a.html', fields)).headers.get('etag') ?? '';
      const { status, bytes, headers } = await get(server, '/a.html', { ...gzip, 'If-None-Match': etag });
      expect([status, bytes.length]).toEqual([304, 0]);
      expect([headers.get('etag'), headers.get('vary')]).toEqual([etag, 'accept-encoding']);
    }
    const photo = (await get(server, '/photo.jpg')).headers.get('etag') ?? '';
    const answer = await get(server, '/photo.jpg', { 'If-None-Match': photo });
    expect([answer.status, answer.headers.get('vary')]).toEqual([304, null]);
  });

  it('do not fulfil If-Match or If-Range, which compare strongly', async () => {
    await using server = await startTestServer('root www; compress on;', FILES);
    const etag = (await get(server, '/a.html', gzip)).headers.get('etag') ?? '';
    expect((await get(server, '/a.html', { ...gzip, 'If-Match': etag })).status).toBe(412);
    const whole = await get(server, '/a.html', { ...gzip, Range: 'bytes=0-9', 'If-Range': etag });
    expect([whole.status, coding(whole), whole.bytes.toString()]).toEqual([200, 'identity', TEXT]);
  });

  it('tell with a part, too, what the whole varies by', async () => {
    await using server = await startTestServer('root www; compress on;', FILES);
    for (const range of ['bytes=0-9', 'bytes=0-9, 20-29']) {
      const part = await get(server, '/a.html', { ...gzip, Range: range });
      expect([part.status, coding(part), part.headers.get('vary')]).toEqual([
        206,
        'identity',
        'accept-encoding',
      ]);
    }
    expect((await get(server, '/photo.jpg', { Range: 'bytes=0-9' })).headers.get('vary')).toBeNull();
  });

  it('keep what the answer varies by already', async () => {
    const varies = answering('varies', (path) => ({
      status: 200,
      headers: { 'content-type': 'text/plain', vary: path.slice(1) },
      body: TEXT,
    }));
    await using server = await startTestServer('compress on;', {}, { plugins: [varies] });
    const vary = async (path: string) => (await get(server, path, gzip)).headers.get('vary');
    expect(await vary('/Origin')).toBe('Origin, accept-encoding');
    expect(await vary('/Accept-Encoding')).toBe('Accept-Encoding');
    expect(await vary('/Origin,ACCEPT-Encoding')).toBe('Origin,ACCEPT-Encoding');
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
    // Nothing is flushed before the end, because that would reduce the compression.
    expect(answer.bytes.length).toBeLessThan(1.1 * gzipSync(TEXT.repeat(400)).length);
  });

  it('a text that is made for one request, small or large', async () => {
    const made = answering('made', (path) => ({
      status: 200,
      headers: { 'content-type': 'text/plain' },
      body: TEXT.repeat(Number(path.slice(1))),
    }));
    await using server = await startTestServer('compress on;', {}, { plugins: [made] });
    for (const times of [1, 100]) {
      const answer = await get(server, `/${times}`, gzip);
      expect(gunzipSync(answer.bytes).toString()).toBe(TEXT.repeat(times));
      const br = await get(server, `/${times}`, { 'Accept-Encoding': 'br' });
      expect(brotliDecompressSync(br.bytes).toString()).toBe(TEXT.repeat(times));
    }
  });

  it.each(['fast', 'default', 'best'])('at the level %s', async (level) => {
    await using server = await startTestServer(`root www; compress on; compress_level ${level};`, FILES);
    for (const path of ['/a.html', '/large.txt']) {
      const times = path === '/a.html' ? 1 : 400;
      const br = await get(server, path, { 'Accept-Encoding': 'br' });
      expect(brotliDecompressSync(br.bytes).toString()).toBe(TEXT.repeat(times));
      expect(gunzipSync((await get(server, path, gzip)).bytes).toString()).toBe(TEXT.repeat(times));
    }
  });

  it('and curl takes the coding off', async () => {
    await using server = await startTestServer('root www; compress on;', FILES);
    const curl = promisify(execFile);
    for (const path of ['/a.html', '/large.txt']) {
      const { stdout } = await curl('curl', ['-s', '--compressed', `${server.url}${path}`], {
        maxBuffer: 16 * 1024 * 1024,
      });
      expect(stdout).toBe(TEXT.repeat(path === '/a.html' ? 1 : 400));
    }
  });

  it('an error page', async () => {
    await using server = await startTestServer('root www; compress on; error_page 404 /404.html;', FILES);
    const answer = await get(server, '/none', gzip);
    expect([answer.status, coding(answer), gunzipSync(answer.bytes).toString()]).toEqual([404, 'gzip', TEXT]);
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

if (hasZstd) {
  it('zstd is made where Node has it, in one go and as a stream', async () => {
    await using server = await startTestServer('root www; compress on;', FILES);
    const decompress: unknown = Reflect.get(zlib, 'zstdDecompressSync');
    if (typeof decompress !== 'function') throw new Error('zlib has no zstdDecompressSync');
    for (const path of ['/a.html', '/large.txt']) {
      const answer = await get(server, path, { 'Accept-Encoding': 'zstd' });
      expect(coding(answer)).toBe('zstd');
      const bytes: unknown = Reflect.apply(decompress, undefined, [answer.bytes]);
      expect(String(bytes)).toBe(TEXT.repeat(path === '/a.html' ? 1 : 400));
    }
  });
} else {
  it('zstd is not made on a Node that has none, and may be named all the same', async () => {
    await using server = await startTestServer('root www; compress on; compress_encodings zstd gzip;', FILES);
    expect(coding(await get(server, '/a.html', { 'Accept-Encoding': 'zstd' }))).toBe('identity');
    expect(coding(await get(server, '/a.html', { 'Accept-Encoding': 'zstd, gzip;q=0.1' }))).toBe('gzip');
  });
}
