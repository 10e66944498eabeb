import { open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, Stage } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { Client, eventually } from './client.js';
import { startCommand } from './command.js';

/** More than the system's buffers between two sockets hold. */
const BIG = 32 * 1024 * 1024;

const KINDS = ['file', 'bytes', 'stream'];

/** What became of the exchanges of one server. */
class Watch {
  /** For each exchange that has ended: whether its answer was sent in full. */
  readonly ended: boolean[] = [];
  openStreams = 0;

  /** Answers with every kind of content a plugin can, as large as the file. */
  readonly plugin = definePlugin({
    name: 'big',
    apply: ({ hooks }) => {
      hooks.onRoute.tap({ stage: Stage.handler, methods: ['GET'] }, ({ request: { path } }) => {
        if (path === '/bytes') return { status: 200, body: Buffer.alloc(BIG) };
        return path === '/stream' ? { status: 200, body: this.#pieces() } : undefined;
      });
      hooks.onDone.tap({}, ({ outcome }) => this.ended.push(outcome?.complete === true));
    },
  });

  async *#pieces(): AsyncGenerator<Uint8Array> {
    this.openStreams += 1;
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

describe.concurrent.each(KINDS)('a client that does not take its answer (%s)', (kind) => {
  test('is cut off after send_timeout, its exchange ended, without a word in the error log', async () => {
    const watch = new Watch();
    await using server = await start('send_timeout 1s; keepalive_timeout 60s;', watch);
    using client = await Client.connect(server.port, { reading: false });
    const began = performance.now();
    client.send(get(kind));
    await eventually('the exchange ended', () => watch.ended.length === 1);
    expect(performance.now() - began).toBeGreaterThan(500);
    expect(watch.ended).toEqual([false]);
    expect(watch.openStreams).toBe(0);
    client.read();
    await client.closed();
    expect(client.size).toBeLessThan(BIG);
    expect(server.log.filter((line) => /\[(?:error|warn)\]/.test(line))).toEqual([]);
  });

  test('is cut off too when it goes on sending requests meanwhile', async () => {
    const watch = new Watch();
    await using server = await start('send_timeout 1s;', watch);
    using client = await Client.connect(server.port, { reading: false });
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
        'send_timeout 2s; keepalive_timeout 500ms; client_header_timeout 1s;',
        watch,
      );
      using client = await Client.connect(server.port, { reading: false });
      client.send(get(kind, connection));
      // Six seconds and more: lingering after an answer and every timeout would be over by then.
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

test('a client on a thin line gets all of a file, though a large piece takes it longer than send_timeout', async () => {
  const watch = new Watch();
  const size = 3_000_000;
  await using server = await start('listen unix:thin.sock; send_timeout 1s;', watch);
  await truncate(join(server.directory, 'www/file'), size);
  using client = await Client.connect(join(server.directory, 'thin.sock'), { reading: false });
  client.send(get('file'));
  while (client.end === 'open' && client.size < size) {
    client.read(100_000);
    await sleep(200);
  }
  client.read();
  await eventually('all of it', () => client.size > size);
});

test('500 clients that do not take a large file cost a bounded memory', async () => {
  await using server = await startCommand('server { listen LISTEN; listen unix:slow.sock; root www; }', {
    'www/index.html': 'home',
  });
  await using file = await open(join(server.directory, 'www/file'), 'w');
  await file.truncate(BIG);
  await (await fetch(`http://127.0.0.1:${server.port}/`)).text();
  const before = await server.memory();
  const clients = await Promise.all(
    Array.from({ length: 500 }, () =>
      Client.connect(join(server.directory, 'slow.sock'), { reading: false }),
    ),
  );
  for (const client of clients) client.send(get('file'));
  await sleep(3000);
  const home = await fetch(`http://127.0.0.1:${server.port}/`);
  expect(await home.text()).toBe('home');
  const grown = (await server.memory()) - before;
  for (const client of clients) client[Symbol.dispose]();
  expect(grown).toBeLessThan(150 * 1024 * 1024);
});
