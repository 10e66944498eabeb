import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shell } from './scripts.js';

const head = "printf 'Content-Type: application/octet-stream\\n\\n'";
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer('location / { root www; cgi .cgi; client_max_body_size 4m; }', {
    'www/echo.cgi': shell(`${head}; head -c "$CONTENT_LENGTH"`),
    'www/all.cgi': shell(`${head}; cat`),
    'www/count.cgi': shell(`${head}; printf '%s ' "$CONTENT_LENGTH"; wc -c`),
    'www/none.cgi': shell(`${head}; printf ignored`),
    'www/little.cgi': shell(`${head}; head -c 3`),
    'www/reopen.cgi': shell(`${head}; cat < /dev/stdin | wc -c`),
  });
});
afterAll(() => server[Symbol.asyncDispose]());

/** A body that differs at every position. */
function bytes(size: number): Buffer {
  const made = Buffer.alloc(size);
  for (let index = 0; index < size; index += 1) made[index] = (index * 31 + (index >> 8)) & 0xff;
  return made;
}

function stream(content: Buffer, piece: number): RequestInit {
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= content.length) return controller.close();
      controller.enqueue(content.subarray(at, at + piece));
      at += piece;
    },
  });
  return { method: 'POST', body, duplex: 'half' };
}

const sizes = [1, 65_535, 65_536, 65_537, 1_000_000, 3_000_000];

describe('4.2 request message-body', () => {
  it.each(sizes)('makes CONTENT_LENGTH bytes available on the standard input: %d', async (size) => {
    const content = bytes(size);
    const answer = await server.fetch('/echo.cgi', { method: 'POST', body: content });
    expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true);
  });

  it.each(sizes)('removes transfer-codings and recalculates CONTENT_LENGTH: %d', async (size) => {
    const answer = await server.fetch('/count.cgi', stream(bytes(size), 32_768));
    expect((await answer.text()).trim().split(/\s+/)).toEqual([String(size), String(size)]);
  });

  it.each(sizes)('signals an end-of-file condition after CONTENT_LENGTH bytes: %d', async (size) => {
    const content = bytes(size);
    const answer = await server.fetch('/all.cgi', stream(content, 50_000));
    expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true);
  });

  it('is an empty standard input for a request without one', async () => {
    expect(await (await server.fetch('/all.cgi')).text()).toBe('');
    expect(await (await server.fetch('/all.cgi', { method: 'POST' })).text()).toBe('');
  });

  it.each([10, 1_000_000])('need not be read by the script: %d bytes', async (size) => {
    const request = { method: 'POST', body: bytes(size) };
    expect(await (await server.fetch('/none.cgi', request)).text()).toBe('ignored');
    expect(await (await server.fetch('/little.cgi', { method: 'POST', body: 'abcdef' })).text()).toBe('abc');
  });

  it('can be opened again by its name when it is large', async () => {
    const answer = await server.fetch('/reopen.cgi', { method: 'POST', body: bytes(100_000) });
    expect((await answer.text()).trim()).toBe('100000');
  });

  it('is rejected when it is larger than the server is to buffer', async () => {
    const large = bytes(4 * 1024 * 1024 + 1);
    expect((await server.fetch('/all.cgi', { method: 'POST', body: large })).status).toBe(413);
    expect(
      (await server.fetch('/all.cgi', stream(large, 65_536)).catch(() => undefined))?.status ?? 413,
    ).toBe(413);
  });
});
