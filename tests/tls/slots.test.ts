import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dial, readAll } from './bytes.js';
import { Certificates } from './certificates.js';
import { get, handshake, refusal } from './client.js';
import { hello, serverNames } from './hello-bytes.js';

const ROOM = 4;

let made: Certificates;
beforeAll(async () => {
  made = await Certificates.make();
  await made.server('a', ['a.test']);
});
afterAll(() => made.remove());

const started = (timeout: string, room = ROOM): Promise<TestServer> =>
  startTestServer(
    `max_connections ${room};
     server { listen 127.0.0.1:0 ssl; ssl_handshake_timeout ${timeout};
       ssl_certificate ${made.path('a.pem')}; ssl_certificate_key ${made.path('a.key')}; return 200 ok; }`,
  );

const SILENT = [Buffer.alloc(0)];
/** A half ClientHello, and one whose rest never comes. */
const BEGUN = [hello(serverNames('a.test')).subarray(0, 60), hello(serverNames('a.test'))];

async function halfOpen(
  { port }: TestServer,
  count: number,
  starts: readonly Buffer[] = BEGUN,
): Promise<readonly Socket[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const socket = await dial(port);
      socket.on('error', () => {}).resume();
      socket.write(starts[index % starts.length] ?? '');
      return socket;
    }),
  );
}

const closed = (socket: Socket): Promise<unknown> =>
  socket.destroyed || socket.readableEnded
    ? Promise.resolve()
    : new Promise((resolve) => socket.once('end', resolve).once('close', resolve));

describe('handshakes in max_connections', () => {
  it('count, and give their places back after ssl_handshake_timeout', async () => {
    await using server = await started('1s');
    const crowd = await halfOpen(server, ROOM);
    await sleep(100);
    expect(await refusal(server.port)).not.toBe('accepted');
    await Promise.all(crowd.map(closed));
    expect((await get(server.port)).status).toBe(200);
  });

  it('make room for others while nothing has come', async () => {
    await using server = await started('60s');
    const crowd = await halfOpen(server, ROOM, SILENT);
    await sleep(100);
    expect((await get(server.port)).status).toBe(200);
    for (const socket of crowd) socket.destroy();
  });

  it('give their places back when the client leaves', async () => {
    await using server = await started('60s');
    for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
      const crowd = await halfOpen(server, ROOM);
      await sleep(50);
      for (const socket of crowd) socket[leave]();
      await expect.poll(() => refusal(server.port)).toBe('accepted');
      for (const socket of crowd) socket.destroy();
    }
  });

  it('make idle connections close, as requests do', async () => {
    await using server = await started('60s');
    const kept = await handshake(server.port);
    kept.resume().write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await new Promise((resolve) => kept.once('data', resolve));
    const crowd = await halfOpen(server, ROOM);
    await closed(kept);
    for (const socket of crowd) socket.destroy();
  });

  it('that find no place are closed without a response, also many of them', async () => {
    await using server = await started('60s');
    const crowd = await halfOpen(server, ROOM);
    await sleep(100);
    const away = await Promise.all(Array.from({ length: 100 }, () => dial(server.port)));
    for (const response of await Promise.all(away.map(readAll))) expect(response).toHaveLength(0);
    for (const socket of crowd) socket.destroy();
    await expect.poll(() => refusal(server.port)).toBe('accepted');
  });
});

describe('a server that stops', () => {
  it('does not wait long for handshakes', async () => {
    const server = await started('60s', 100);
    const crowd = await halfOpen(server, 9);
    await sleep(100);
    const began = performance.now();
    await server.stop();
    expect(performance.now() - began).toBeLessThan(10_000);
    await Promise.all(crowd.map(closed));
    await server[Symbol.asyncDispose]();
  });

  it('finishes the response that has begun, and closes idle connections', async () => {
    const server = await startTestServer(
      `server { listen 127.0.0.1:0 ssl; root .;
        ssl_certificate ${made.path('a.pem')}; ssl_certificate_key ${made.path('a.key')}; }`,
      { 'big.bin': 'x'.repeat(20_000_000) },
    );
    const idle = await handshake(server.port);
    const busy = await handshake(server.port);
    busy.write('GET /big.bin HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await new Promise((resolve) => busy.once('readable', resolve));
    const stopped = server.stop();
    idle.resume();
    await closed(idle);
    let size = 0;
    busy.on('data', (piece: Buffer) => {
      size += piece.length;
    });
    await closed(busy);
    expect(size).toBeGreaterThan(20_000_000);
    await stopped;
    await server[Symbol.asyncDispose]();
  });
});
