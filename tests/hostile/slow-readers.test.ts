import { open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, type RequestBody, Stage } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { isSecure, scheme } from '../wire/transport.js';
import { Client, eventually } from './client.js';
import { startCommand } from './command.js';

/** More than the system buffers between two TCP sockets. */
const BIG = 32 * 1024 * 1024;

/** Slightly more than the system buffers for a UNIX socket. */
const FILL = 'f'.repeat(250_000);
const KINDS = ['file', 'bytes', 'stream'];

/** The outcomes of the exchanges of one server. */
class Watch {
  /** For each ended exchange, whether its response was sent completely. */
  readonly ended: boolean[] = [];
  openStreams = 0;

  /** Responds with each kind of body that a plugin can return, as large as the file. */
  readonly plugin = definePlugin({
    name: 'big',
    apply: ({ hooks }) => {
      hooks.onRoute.tap({ stage: Stage.handler, methods: ['GET', 'POST'] }, ({ request }) => {
        const { path } = request;
        if (path === '/bytes') return { status: 200, body: Buffer.alloc(BIG) };
        if (path === '/both') return { status: 200, body: this.#pieces(request.body) };
        if (path === '/fill') return { status: 200, body: FILL };
        return path === '/stream' ? { status: 200, body: this.#pieces() } : undefined;
      });
      hooks.onDone.tap({}, ({ outcome }) => this.ended.push(outcome?.complete === true));
    },
  });

  /** @param content is read at the same time */
  async *#pieces(content?: RequestBody): AsyncGenerator<Uint8Array> {
    this.openStreams += 1;
    const read = async (): Promise<void> => {
      while ((await content?.read()) !== undefined);
    };
    read().catch(() => {});
    try {
      for (let sent = 0; sent < BIG; sent += 65_536) yield Buffer.alloc(65_536);
    } finally {
      this.openStreams -= 1;
    }
  }
}

async function start(conf: string, watch: Watch): Promise<TestServer> {
  const server = await startTestServer(`root www; ${conf}`, { 'www/': null }, { plugins: [watch.plugin] });
  await using file = await open(join(server.directory, 'www/file'), 'w');
  await file.truncate(BIG);
  return server;
}

const get = (kind: string, connection = 'keep-alive'): string =>
  `GET /${kind} HTTP/1.1\r\nHost: a\r\nConnection: ${connection}\r\n\r\n`;

describe.concurrent.each(KINDS)('a client that does not take its response (%s)', (kind) => {
  test('is cut off after send_timeout, its exchange ends, and the error log stays empty', async () => {
    const watch = new Watch();
    await using server = await start('send_timeout 1s; keepalive_timeout 60s;', watch);
    using client = await Client.connect(server.port, { reading: false, keep: 1 });
    const began = performance.now();
    client.send(get(kind));
    await eventually('the exchange ended', () => watch.ended.length === 1);
    expect(performance.now() - began).toBeGreaterThanOrEqual(1000);
    expect(watch.ended).toEqual([false]);
    expect(watch.openStreams).toBe(0);
    client.read();
    await client.closed();
    expect(client.size).toBeLessThan(BIG);
    expect(server.log.filter((line) => /\[(?:error|warn)\]/.test(line))).toEqual([]);
  });

  test('is cut off too if it keeps sending requests', async () => {
    const watch = new Watch();
    await using server = await start('send_timeout 1s;', watch);
    using client = await Client.connect(server.port, { reading: false, keep: 1 });
    client.send(get(kind));
    for (let turn = 0; watch.ended.length === 0 && turn < 200; turn += 1) {
      await sleep(50);
      client.send(get(kind));
    }
    await eventually('the exchange ended', () => watch.ended.length > 0);
    expect(watch.ended[0]).toBe(false);
  });

  test.each(['close', 'keep-alive'])(
    'gets all of it when it takes some of it now and then, for longer than any timeout (%s)',
    async (connection) => {
      const watch = new Watch();
      await using server = await start(
        'send_timeout 3s; keepalive_timeout 500ms; client_header_timeout 1s;',
        watch,
      );
      using client = await Client.connect(server.port, { reading: false, keep: 1 });
      client.send(get(kind, connection));
      // More than six seconds: lingering after a response and every timeout would be over by then.
      while (client.end === 'open' && client.size < BIG) {
        client.read(BIG / 16);
        await sleep(400);
      }
      client.read();
      await eventually('all of it', () => client.size > BIG);
      if (connection === 'close') await client.closed();
      expect(client.end).not.toBe('reset');
      expect(client.text.slice(0, 15)).toBe('HTTP/1.1 200 OK');
      expect(client.size).toBeGreaterThan(BIG);
      expect(watch.ended).toEqual([true]);
    },
  );
});

describe.concurrent('a client that does not take its response', () => {
  test('gets all of the last one if it takes it within send_timeout, even with a short linger time', async () => {
    const watch = new Watch();
    await using server = await start('listen unix:slow.sock; send_timeout 30s;', watch);
    using client = await Client.connect(join(server.directory, 'slow.sock'), { reading: false });
    client.send(get('fill', 'close'));
    await sleep(7000);
    client.read();
    expect((await client.closed()).endsWith(FILL)).toBe(true);
  });

  test('is cut off even if it keeps sending a body that is read', async () => {
    const watch = new Watch();
    await using server = await start('send_timeout 1s; client_max_body_size 0;', watch);
    using client = await Client.connect(server.port, { reading: false });
    client.send('POST /both HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n');
    for (let turn = 0; watch.ended.length === 0 && turn < 200; turn += 1) {
      client.send('some content');
      await sleep(50);
    }
    expect(watch.ended).toEqual([false]);
  });
});

test('a client on a slow line gets all of a file, though a large piece would take longer than send_timeout', async () => {
  const watch = new Watch();
  const size = 2_000_000;
  await using server = await start('listen unix:thin.sock; send_timeout 1s;', watch);
  await truncate(join(server.directory, 'www/file'), size);
  using client = await Client.connect(join(server.directory, 'thin.sock'), { reading: false, keep: 1 });
  // When the file is sent the buffers are already full, so its pieces take as long as the line needs.
  client.send(get('fill') + get('file'));
  while (client.end === 'open' && client.size < size) {
    client.read(100_000);
    await sleep(200);
  }
  client.read();
  await eventually('all of it', () => client.size > size + FILL.length);
});

test('300 clients that stop taking a large file occupy bounded memory', async () => {
  await using server = await startCommand(
    'worker_processes 1;\nserver { listen LISTEN; listen unix:slow.sock; root www; }',
    { 'www/index.html': 'home' },
  );
  await using file = await open(join(server.directory, 'www/file'), 'w');
  await file.truncate(BIG);
  await (await fetch(`${scheme}://127.0.0.1:${server.port}/`)).text();
  const before = await server.memory();
  const clients = await Promise.all(
    Array.from({ length: 300 }, () =>
      Client.connect(join(server.directory, 'slow.sock'), { reading: false, keep: 1 }),
    ),
  );
  for (const client of clients) client.send(get('file'));
  // They take the first small piece and a large one fast, so that the pieces stay large.
  for (const client of clients) client.read(1_500_000);
  await eventually('all have some', () => clients.every(({ size }) => size > 1_500_000));
  await sleep(1000);
  const home = await fetch(`${scheme}://127.0.0.1:${server.port}/`);
  expect(await home.text()).toBe('home');
  const grown = (await server.memory()) - before;
  for (const client of clients) client[Symbol.dispose]();
  // Over TLS each connection has its piece once more, encrypted.
  expect(grown).toBeLessThan((isSecure ? 250 : 150) * 1024 * 1024);
});
