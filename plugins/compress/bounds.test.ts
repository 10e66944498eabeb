import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { coding, get, gzip, TEXT } from './client.test.fixture.js';
import { CoderMemory } from './resources.js';

const MIB = 1024 * 1024;
/** Text whose compressed form exceeds the buffers of a Unix socket, which are smaller than those of TCP. */
const large = Buffer.from(
  Array.from({ length: 300_000 }, (_, index) => `${(index * 2_654_435_761) % 1_000_003} `).join(''),
);
const conf = 'server { listen 127.0.0.1:0; listen unix:socket; root www; compress on; }';
const any = { 'Accept-Encoding': 'br, gzip' };

/** Sends a request and stops reading after the header section, which it returns. */
function slowReader(server: TestServer, fields: string, method = 'GET'): Promise<string> {
  const socket = connect({ path: join(server.directory, 'socket') });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => {});
  socket.write(`${method} /large.txt HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
  return new Promise((resolve) => {
    socket.once('data', (piece: Buffer) => {
      socket.pause();
      resolve(piece.toString('latin1').split('\r\n\r\n')[0]?.toLowerCase() ?? '');
    });
  });
}

const codingOf = (head: string): string => /content-encoding: (\w+)/.exec(head)?.[1] ?? 'identity';

describe('the memory of coders', () => {
  it('is for those that take a quarter of what is left at most', () => {
    const memory = new CoderMemory(64 * MIB);
    let count = 0;
    for (; memory.fits(4 * MIB); count += 1) memory.take(4 * MIB);
    expect(count).toBe(13); // 12 MiB are left, less than four times 4 MiB
    expect(memory.fits(MIB)).toBe(true);
  });

  it('is given back once', () => {
    const memory = new CoderMemory(MIB);
    const [one] = [memory.take(1000), memory.take(500)];
    one?.();
    one?.();
    expect(memory.taken).toBe(500);
  });
});

describe('many slow readers of compressed content', () => {
  it('get it in a cheaper coding, then as it is; Vary, ETag, HEAD and bytes are right', async () => {
    await using server = await startTestServer(conf, { 'www/large.txt': large });
    const heads: string[] = [];
    for (let count = 0; count < 48; count += 1) {
      heads.push(await slowReader(server, 'Accept-Encoding: br, gzip\r\n'));
    }
    const codings = heads.map(codingOf);
    const count = (name: string): number => codings.filter((coding) => coding === name).length;
    expect(codings[0]).toBe('br');
    expect(count('br')).toBeLessThan(40);
    expect(count('gzip')).toBeGreaterThan(0);
    expect(codings.at(-1)).toBe('identity');
    for (const head of heads) {
      expect(head).toContain('vary: accept-encoding');
      expect(/\r\netag: w\/"/.test(head)).toBe(codingOf(head) !== 'identity');
      expect(head.includes('accept-ranges: bytes')).toBe(codingOf(head) === 'identity');
    }
    const [head, got] = [await get(server, '/large.txt', any, 'HEAD'), await get(server, '/large.txt', any)];
    expect([coding(head), coding(got)]).toEqual(['identity', 'identity']);
    expect(head.headers.get('etag')).toBe(got.headers.get('etag'));
    expect(got.bytes.equals(large)).toBe(true);
    const fields = { ...any, 'If-None-Match': got.headers.get('etag') ?? '' };
    expect((await get(server, '/large.txt', fields)).status).toBe(304);
  });

  it('that leave give their coders back, in the middle, before the first byte, and behind HEAD', async () => {
    await using server = await startTestServer(conf, { 'www/large.txt': large });
    const sockets: Socket[] = [];
    for (let count = 0; count < 120; count += 1) {
      const socket = connect({ host: '127.0.0.1', port: server.port });
      socket.on('error', () => {});
      const method = count % 3 === 0 ? 'HEAD' : 'GET';
      socket.write(`${method} /large.txt HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\n\r\n`);
      sockets.push(socket);
      if (count % 10 !== 9) continue;
      await new Promise((resolve) => socket.once('readable', resolve));
      for (const one of sockets.splice(0)) one.resetAndDestroy();
    }
    await expect
      .poll(async () => coding(await get(server, '/large.txt', { 'Accept-Encoding': 'br' }, 'HEAD')))
      .toBe('br');
    const whole = await get(server, '/large.txt', { 'Accept-Encoding': 'br' });
    expect(brotliDecompressSync(whole.bytes).equals(large)).toBe(true);
  });

  it('keep no thread: others get theirs compressed meanwhile', async () => {
    await using server = await startTestServer(conf, {
      'www/large.txt': large,
      'www/a.html': TEXT,
    });
    for (let count = 0; count < 20; count += 1) await slowReader(server, 'Accept-Encoding: gzip\r\n');
    const small = await get(server, '/a.html', gzip);
    expect(gunzipSync(small.bytes).toString()).toBe(TEXT);
    const other = await get(server, '/large.txt', gzip);
    expect(gunzipSync(other.bytes).equals(large)).toBe(true);
  });
});

it('more pages at once than may wait to be compressed: the rest is sent as it is, all are right', async () => {
  const names = Array.from({ length: 80 }, (_, index) => `p${index}.html`);
  const files = Object.fromEntries(names.map((name) => [`www/${name}`, name + TEXT.repeat(25)]));
  await using server = await startTestServer(
    'file_cache off;\nserver { listen 127.0.0.1:0; root www; compress on; }',
    files,
  );
  const responses = await Promise.all(names.map((name) => get(server, `/${name}`, gzip)));
  for (const [index, response] of responses.entries()) {
    const bytes = coding(response) === 'gzip' ? gunzipSync(response.bytes) : response.bytes;
    expect(bytes.toString()).toBe(files[`www/p${index}.html`]);
    expect(response.headers.get('vary')).toBe('accept-encoding');
  }
  expect(responses.map(coding)).toContain('gzip');
});
