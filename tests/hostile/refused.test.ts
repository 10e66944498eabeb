import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, type Exchange, HttpError, Stage } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { CLOSED_EARLY, HTTPS_IS_RIGHT, onlyOverTcp } from '../wire/transport.js';
import { Client } from './client.js';

/** Records, for every request, the taps in which it ended. */
class Watch {
  readonly refused: Exchange[] = [];
  readonly done: string[] = [];
  readonly plugin = definePlugin({
    name: 'watch',
    setup: ({ hooks }) => {
      hooks.onRequest.tap({}, ({ path }) => {
        if (path === '/early') return { status: 403, body: 'early' };
        if (path === '/fault') throw new HttpError(503);
        return undefined;
      });
    },
    apply: ({ hooks }) => {
      hooks.onRoute.tap({ stage: Stage.handler }, () => ({ status: 200 }));
      hooks.onDone.tap({ refused: true }, (exchange) => {
        if (exchange.refused !== undefined) this.refused.push(exchange);
      });
      hooks.onDone.tap({}, ({ request }) => this.done.push(request.target));
    },
  });
}

const HOST = 'Host: a\r\n\r\n';
type Case = readonly [status: number, bytes: string, line: string];
const MISDIRECTED: Case = [421, `GET https://a/ HTTP/1.1\r\n${HOST}`, 'GET https://a/ HTTP/1.1'];
const CASES: readonly Case[] = [
  [400, 'NONSENSE\r\n\r\n', 'NONSENSE'],
  [400, 'GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1'],
  [400, `GET / HTTP/1.1\r\nHost: a\r\n${HOST}`, 'GET / HTTP/1.1'],
  [400, `GET / HTTP/1.1\r\nContent-Length: x\r\n${HOST}`, 'GET / HTTP/1.1'],
  [400, `GET /%zz HTTP/1.1\r\n${HOST}`, 'GET /%zz HTTP/1.1'],
  [400, `GET /.. HTTP/1.1\r\n${HOST}`, 'GET /.. HTTP/1.1'],
  [400, '\x1b]0;x\x07\xe2\x80\xae"\\\r\n\r\n', '\\x1B]0;x\\x07\\xE2\\x80\\xAE\\x22\\x5C'],
  [414, `GET /${'a'.repeat(9000)} HTTP/1.1\r\n${HOST}`, `GET /${'a'.repeat(1019)}`],
  [417, `GET / HTTP/1.1\r\nExpect: x\r\n${HOST}`, 'GET / HTTP/1.1'],
  ...(onlyOverTcp('a refused https target', HTTPS_IS_RIGHT) ? [MISDIRECTED] : []),
  [426, `GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n${HOST}`, 'GET / HTTP/1.1'],
  [431, `GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}\r\n${HOST}`, 'GET / HTTP/1.1'],
  [501, `POST / HTTP/1.1\r\nTransfer-Encoding: foo\r\n${HOST}`, 'POST / HTTP/1.1'],
  [505, `GET / HTTP/2.0\r\n${HOST}`, 'GET / HTTP/2.0'],
  [403, `GET /early HTTP/1.1\r\nConnection: close\r\n${HOST}`, 'GET /early HTTP/1.1'],
  [503, `GET /fault HTTP/1.1\r\nConnection: close\r\n${HOST}`, 'GET /fault HTTP/1.1'],
];

const lines = async (server: TestServer, name: string): Promise<string[]> =>
  (await readFile(join(server.directory, name), 'utf8')).split('\n').slice(0, -1);

describe('a request that ends before it has a route', () => {
  test('is reported once to the taps that subscribe to it, and to no other', async () => {
    const watch = new Watch();
    await using server = await startTestServer('', {}, { plugins: [watch.plugin] });
    for (const [status, bytes, line] of CASES) {
      const size = /^HTTP\/1\.1 (\d{3})[\s\S]*\r\n\r\n([\s\S]*)$/.exec(await server.raw(bytes));
      expect(size?.[1]).toBe(String(status));
      const [exchange] = watch.refused.splice(0);
      expect(exchange?.refused).toMatchObject({ status, reason: expect.stringMatching(/./) });
      expect(exchange?.refused?.head.split('\\x0D\\x0A')[0]).toBe(line);
      expect(exchange?.refused?.head).toMatch(/^[ -~]{0,4096}$/);
      expect(exchange?.outcome).toMatchObject({ status, complete: true, bytesSent: size?.[2]?.length });
      expect(exchange?.request).toMatchObject({ method: '-', path: '/', query: '', host: '' });
      expect([...(exchange?.request.headers ?? [])]).toEqual([]);
      expect(exchange?.request.peer.remoteAddress).toBe('127.0.0.1');
    }
    expect(watch.refused).toEqual([]);
    expect(watch.done).toEqual([]);
    await server.raw(`GET /whole HTTP/1.1\r\nConnection: close\r\n${HOST}`);
    expect(watch.done).toEqual(['/whole']);
    expect(watch.refused).toEqual([]);
  });

  test('is in the access log as in nginx, in every format', async () => {
    const watch = new Watch();
    await using server = await startTestServer(
      'access_log a.log; access_log a.json json; access_log a.txt pretty;',
      {},
      { plugins: [watch.plugin] },
    );
    for (const [, bytes] of CASES) await server.raw(bytes);
    await server.stop(1000);
    const combined = await lines(server, 'a.log');
    expect(
      combined.slice(0, CASES.length).map((line) => /"(.*?)" (\d{3}) \d+ "-" "-"$/.exec(line)?.slice(1)),
    ).toEqual(CASES.map(([status, , line]) => [line, String(status)]));
    const objects = (await lines(server, 'a.json')).map((line): unknown => JSON.parse(line));
    CASES.forEach(([status, , line], at) => {
      expect(objects[at]).toMatchObject({
        method: '-',
        status,
        request_line: line,
        remote_addr: '127.0.0.1',
      });
    });
    for (const line of await lines(server, 'a.txt')) expect(line).toMatch(/^[ -~]+$/);
  });

  test('counts in the metrics of the default server', async () => {
    await using server = await startTestServer(
      'server_name first; location = /status { status json; } location / { return 200 ok; }',
    );
    await server.raw('NONSENSE\r\n\r\n');
    await server.raw(`GET / HTTP/2.0\r\n${HOST}`);
    const metrics: unknown = await (await server.fetch('/status')).json();
    expect(metrics).toMatchObject({
      webserv_requests_total: expect.arrayContaining([
        { status: '400', route: 'server first', value: 1 },
        { status: '505', route: 'server first', value: 1 },
      ]),
    });
  });

  test.each([
    ['408, by the clock', 'GET / HTTP/1.1\r\nX: y', false, { status: 408, complete: true }],
    [
      '400 where its client leaves',
      'GET / HTTP/1.1\r\nX: y',
      true,
      { status: 400, complete: false, bytesSent: 0 },
    ],
  ])('in the middle of its head: %s', async (_, bytes, leaves, outcome) => {
    const watch = new Watch();
    await using server = await startTestServer(
      'client_header_timeout 500ms;',
      {},
      { plugins: [watch.plugin] },
    );
    using client = await Client.connect(server.port);
    client.send(bytes);
    if (leaves) client.finish();
    await client.closed();
    await expect.poll(() => watch.refused.length).toBe(1);
    expect(watch.refused[0]?.outcome).toMatchObject(outcome);
    expect(watch.refused[0]?.refused?.head).toBe('GET / HTTP/1.1\\x0D\\x0AX: y');
  });

  test('is not reported if nothing, or only an empty line, was sent', async () => {
    const watch = new Watch();
    await using server = await startTestServer(
      'client_header_timeout 300ms;',
      {},
      { plugins: [watch.plugin] },
    );
    for (const bytes of ['', '\r\n']) {
      using client = await Client.connect(server.port);
      client.send(bytes);
      client.finish();
      await client.closed();
      using idle = await Client.connect(server.port);
      await idle.closed();
    }
    expect(watch.refused).toEqual([]);
  });

  if (onlyOverTcp('503 beyond max_connections in the access log', CLOSED_EARLY))
    test('is 503 beyond max_connections', async () => {
      await using server = await startTestServer(
        `max_connections 1;
      server { listen 127.0.0.1:0; access_log a.log; client_header_timeout 20s; root .; }`,
      );
      using one = await Client.connect(server.port);
      one.send('GET / HTTP/1.1\r\n');
      await sleep(200);
      expect(await server.raw('')).toMatch(/^HTTP\/1\.1 503 /);
      await server.stop(100);
      expect((await lines(server, 'a.log'))[0]).toMatch(/"" 503 0 "-" "-"$/);
    });

  test('causes a bounded number of lines in both logs, and the dropped lines are counted', async () => {
    await using server = await startTestServer('access_log a.log; return 200 ok;');
    await Promise.all(Array.from({ length: 300 }, () => server.raw('NONSENSE\r\n\r\n')));
    await sleep(1_500);
    await server.fetch('/');
    await server.stop(1000);
    const logged = (await lines(server, 'a.log')).filter((line) => line.includes('NONSENSE'));
    expect(logged.length).toBeGreaterThanOrEqual(50);
    expect(logged.length).toBeLessThan(300);
    const told = server.log.filter((line) => /client 127\.0\.0\.1: 400/.test(line));
    expect(told.length).toBeLessThan(300);
    const leftOut = (pattern: RegExp): number =>
      server.log.reduce((sum, line) => sum + Number(pattern.exec(line)?.[1] ?? 0), 0);
    expect(logged.length + leftOut(/(\d+) rejected requests were not logged to /)).toBe(300);
    expect(told.length + leftOut(/(\d+) more requests were refused that are not logged/)).toBe(300);
  });
});
