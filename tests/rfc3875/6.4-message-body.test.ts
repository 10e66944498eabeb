import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shell } from './scripts.js';

const head = (length?: number) =>
  `printf 'Content-Type: text/plain\\n${length === undefined ? '' : `Content-Length: ${length}\\n`}\\n'`;

const MEGABYTE = 1024 * 1024;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer('location / { root www; cgi .cgi; }', {
    'www/bytes.cgi': {
      content: Buffer.from("#!/bin/sh\nprintf 'Content-Type: a/b\\n\\n\\000\\r\\n\\r\\n\\377\\n'"),
      mode: 0o755,
    },
    'www/large.cgi': shell(`${head()}; head -c "$QUERY_STRING" /dev/zero | tr '\\000' x`),
    'www/steps.cgi': shell(`${head()}; printf first; read line < "$(dirname "$0")/fifo"; printf second`),
    'www/exact.cgi': shell(`${head(5)}; printf hello`),
    'www/more.cgi': shell(`${head(5)}; printf 'hello and more'`),
    'www/later.cgi': shell(`${head(5)}; printf hello; sleep 0.2; printf ' and more'`),
    'www/fewer.cgi': shell(`${head(50)}; printf hello`),
    'www/killed.cgi': shell(`${head()}; printf hello; kill -KILL $$`),
    'www/next.txt': 'in step',
  });
});
afterAll(() => server[Symbol.asyncDispose]());

const twice = (path: string) =>
  server.raw(
    `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\nGET /next.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
  );

describe('6.4 response message-body', () => {
  it('is sent unmodified to the client', async () => {
    const response = await server.fetch('/bytes.cgi');
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 13, 10, 13, 10, 255, 10]);
  });

  it('is read until the end-of-file, 20 MB of it', async () => {
    const size = 20 * MEGABYTE;
    const response = await server.fetch(`/large.cgi?${size}`);
    const body = Buffer.from(await response.arrayBuffer());
    expect(body.length).toBe(size);
    expect(body.equals(Buffer.alloc(size, 'x'))).toBe(true);
  });

  it('slows the script down if the client is slow, and is not buffered without bound', async () => {
    const before = process.memoryUsage().rss;
    const socket = connect(server.port, '127.0.0.1');
    socket.pause();
    socket.write(`GET /large.cgi?${100 * MEGABYTE} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const grown = process.memoryUsage().rss - before;
    socket.destroy();
    expect(grown).toBeLessThan(50 * MEGABYTE);
  });

  it('is passed on as it arrives', async () => {
    const fifo = `${server.directory}/www/fifo`;
    execFileSync('mkfifo', [fifo]);
    const response = await server.fetch('/steps.cgi');
    const reader = response.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('first');
    await writeFile(fifo, 'go on\n');
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('second');
    expect((await reader?.read())?.done).toBe(true);
  });

  it('is exactly as long as the script’s Content-Length', async () => {
    expect(await twice('/exact.cgi')).toMatch(/Content-Length: 5\r\n\r\nhelloHTTP\/1\.1 200 [\s\S]*in step$/);
  });

  it.each(['/more.cgi', '/later.cgi'])(
    'beyond it is cut off, logged, and not taken for a response: %s',
    async (path) => {
      expect(await twice(path)).toMatch(/\r\n\r\nhelloHTTP\/1\.1 200 [\s\S]*in step$/);
      await expect
        .poll(() => server.log.join('\n'))
        .toContain(`${path}: wrote more content than its Content-Length`);
    },
  );

  it.each(['/fewer.cgi', '/killed.cgi'])(
    'cut short ends the connection, so that the client knows: %s',
    async (path) => {
      const response = await twice(path);
      expect(response).toMatch(/^HTTP\/1\.1 200 /);
      expect(response).toContain('hello');
      expect(response).not.toContain('in step');
      expect(response).not.toMatch(/\r\n0\r\n\r\n/);
    },
  );
});
