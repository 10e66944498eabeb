import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { readAnswers } from '../wire/answers.js';
import { CLOSED_EARLY, isSecure, onlyOverTcp } from '../wire/transport.js';
import { Client, eventually } from './client.js';

const start = (conf: string) => startTestServer(`location = / { return 200 "home"; } ${conf}`);
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const LAST = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const HOME = /^HTTP\/1\.1 200 [\s\S]*home$/;

describe.concurrent('a kept connection', () => {
  test('is closed, and not reset, when it was idle for keepalive_timeout', async () => {
    await using server = await start('keepalive_timeout 1s;');
    using client = await Client.connect(server.port);
    const began = performance.now();
    client.send(GET);
    expect(await client.closed()).toMatch(HOME);
    expect(client.end).toBe('ended');
    const took = client.endedAt - began;
    expect(took).toBeGreaterThanOrEqual(1_000);
    expect(took).toBeLessThan(10_000);
  });

  test('is never closed early, however short keepalive_timeout is', async () => {
    await using server = await start('keepalive_timeout 200ms;');
    const ask = async (delay: number): Promise<number> => {
      await sleep(delay);
      using client = await Client.connect(server.port);
      const began = performance.now();
      client.send(GET);
      await client.closed();
      return client.endedAt - began;
    };
    const times = await Promise.all(Array.from({ length: 30 }, (_, at) => ask(at * 17)));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(200);
  });

  test('lasts longer with each request', async () => {
    await using server = await start('keepalive_timeout 2s;');
    using client = await Client.connect(server.port);
    for (let request = 0; request < 6; request += 1) {
      client.send(GET);
      await sleep(400);
    }
    await eventually('six responses', () => client.text.split('home').length === 7);
    expect(client.end).toBe('open');
  });

  test('closes after the response with keepalive_timeout 0, and the response says so', async () => {
    await using server = await start('keepalive_timeout 0;');
    expect(await server.raw(GET + GET)).toMatch(/^[\s\S]*\r\nConnection: close\r\n[\s\S]*home$/);
  });

  test('closes after keepalive_requests, and the last response says so', async () => {
    await using server = await start('keepalive_requests 3;');
    const responses = readAnswers(await server.raw(GET.repeat(5)));
    expect(responses.map(({ fields }) => fields.get('connection'))).toEqual([undefined, undefined, 'close']);
  });
});

describe('a request that is too large', () => {
  const LINE = 'GET / HTTP/1.1';
  const padded = (size: number): string => `GET /?${'q'.repeat(size - LINE.length - 1)} HTTP/1.1`;
  const limits = 'client_max_request_line 1k; client_max_header_size 4k; client_max_header_count 20;';
  const CLOSE = '\r\nHost: a\r\nConnection: close';

  /** Also one byte per packet: the limit must apply to the buffered part of an incomplete head. */
  async function statusOf(port: number, bytes: string, packet: number): Promise<string> {
    using client = await Client.connect(port);
    for (let at = 0; at < bytes.length && client.end === 'open'; at += packet) {
      client.send(bytes.slice(at, at + packet));
      if (packet < bytes.length) await new Promise(setImmediate);
    }
    return /^HTTP\/1\.1 (\d{3}) /.exec(await client.closed())?.[1] ?? '';
  }

  test.each([10_000_000, 64, 1])('in packets of %i bytes', async (packet) => {
    await using server = await start(limits);
    const status = (bytes: string): Promise<string> => statusOf(server.port, bytes, packet);
    expect(await status(`${padded(1024)}${CLOSE}\r\n\r\n`)).toBe('200');
    expect(await status(`${padded(1025)}${CLOSE}\r\n\r\n`)).toBe('414');
    // It exceeds the limit even if it never ends.
    expect(await status(`GET /${'x'.repeat(1100)}`)).toBe('414');
    const head = `${LINE}${CLOSE}\r\nX-Long: `;
    expect(await status(`${head}${'v'.repeat(4096 - head.length - 4)}\r\n\r\n`)).toBe('200');
    expect(await status(`${head}${'v'.repeat(4096 - head.length - 3)}\r\n\r\n`)).toBe('431');
    expect(await status(`${head}${'v'.repeat(4200)}`)).toBe('431');
    expect(await status(`${LINE}${CLOSE}${'\r\nA: b'.repeat(18)}\r\n\r\n`)).toBe('200');
    expect(await status(`${LINE}${CLOSE}${'\r\nA: b'.repeat(19)}\r\n\r\n`)).toBe('431');
  });
});

describe.concurrent('max_connections', () => {
  const started = (): ReturnType<typeof startTestServer> =>
    startTestServer(
      'max_connections 3;\nserver { listen 127.0.0.1:0; location = / { return 200 "home"; } client_header_timeout 10s; }',
    );

  /** A connection that has received a response. */
  async function served(port: number): Promise<Client> {
    const client = await Client.connect(port);
    client.send(GET);
    await client.received('home');
    return client;
  }

  /** A connection that has begun a request. */
  async function asking(port: number): Promise<Client> {
    const client = await Client.connect(port);
    client.send('GET / HTTP/1.1\r\n');
    await sleep(100);
    return client;
  }

  test('beyond them the oldest idle connection makes room for a new one', async () => {
    await using server = await started();
    using busy = await asking(server.port);
    using oldest = await served(server.port);
    using newer = await served(server.port);
    using added = await served(server.port);
    await oldest.closed();
    expect([busy.end, oldest.end, newer.end, added.end]).toEqual(['open', 'ended', 'open', 'open']);
    busy.send('Host: a\r\n\r\n');
    await busy.received('home');
  });

  if (onlyOverTcp('a rejected client gets 503', CLOSED_EARLY))
    test('a rejected client gets 503, with a time to retry', async () => {
      await using server = await started();
      const busy = [await asking(server.port), await asking(server.port), await asking(server.port)];
      for (let more = 0; more < 20; more += 1) {
        using refused = await Client.connect(server.port);
        refused.send(GET);
        const [response] = readAnswers(await refused.closed());
        expect(response?.status).toBe(503);
        expect(response?.fields.get('retry-after')).toMatch(/^\d+$/);
        expect(response?.fields.get('connection')).toBe('close');
        expect(refused.end).toBe('ended');
      }
      for (const client of busy) {
        client.send('Host: a\r\nConnection: close\r\n\r\n');
        expect(await client.closed()).toMatch(HOME);
      }
      await eventually('there is room again', async () => (await fetch(server.url)).status === 200);
    });

  if (onlyOverTcp('never more connections than max_connections', CLOSED_EARLY))
    test('many connections: never more than the limit are open, and the last ones are accepted', async () => {
      await using server = await started();
      const clients = await Promise.all(Array.from({ length: 60 }, () => Client.connect(server.port)));
      await eventually(
        'no more than three are open',
        () => clients.filter(({ end }) => end === 'open').length <= 3,
      );
      const open = clients.filter(({ end }) => end === 'open');
      expect(open).toHaveLength(3);
      for (const client of open) {
        client.send(LAST);
        expect(await client.closed()).toMatch(HOME);
      }
    });

  test('a client that takes its responses slowly is not idle', async () => {
    const content = 'x'.repeat(200_000);
    const responses = definePlugin({
      name: 'responses',
      apply({ hooks }) {
        hooks.onRoute.tap({ stage: Stage.handler, methods: ['GET'] }, () => ({ status: 200, body: content }));
      },
    });
    await using server = await startTestServer(
      'max_connections 1;\nserver { listen 127.0.0.1:0; }',
      {},
      { plugins: [responses] },
    );
    using slow = await Client.connect(server.port, { reading: false, keep: 1 });
    slow.send(GET.repeat(100));
    await sleep(300);
    if (isSecure) await expect(Client.connect(server.port)).rejects.toThrow();
    else {
      using refused = await Client.connect(server.port);
      expect(await refused.closed()).toMatch(/^HTTP\/1\.1 503 /);
    }
    slow.read();
    await eventually('all of the response', () => slow.size > 100 * content.length);
  });
});
