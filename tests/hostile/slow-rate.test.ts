import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, Stage } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { isSecure } from '../wire/transport.js';
import { Client, eventually } from './client.js';

const BIG = 8 * 1024 * 1024;
const KINDS = ['file', 'bytes', 'stream'];

/** For each ended exchange, whether its response was sent completely. */
interface Watch {
  readonly ended: boolean[];
}

/** Responds with each kind of body that a plugin can return, as large as the file. */
async function start(conf: string, { ended }: Watch): Promise<TestServer> {
  const big = definePlugin({
    name: 'big',
    apply: ({ hooks }) => {
      hooks.onRoute.tap({ stage: Stage.handler, methods: ['GET'] }, ({ request: { path } }) => {
        if (path === '/bytes') return { status: 200, body: Buffer.alloc(BIG) };
        return path === '/stream' ? { status: 200, body: pieces() } : undefined;
      });
      hooks.onDone.tap({}, ({ outcome }) => ended.push(outcome?.complete === true));
    },
  });
  const server = await startTestServer(`root www; ${conf}`, { 'www/': null }, { plugins: [big] });
  await using file = await open(join(server.directory, 'www/file'), 'w');
  await file.truncate(BIG);
  return server;
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < BIG; sent += 65_536) yield Buffer.alloc(65_536);
}

const get = (kind: string): string => `GET /${kind} HTTP/1.1\r\nHost: a\r\n\r\n`;

/**
 * Bytes of one read, at least. The client gets pieces of 64 KiB, of TLS 16 KiB: with less, the three quarters of a UNIX
 * socket's buffer that have to be free before a server can go on writing would take it longer than send_timeout.
 */
const READ = isSecure ? 60_000 : 8_000;

/** Reads ten times a second, for the given time or until it is disconnected. */
async function readSlowly(client: Client, forMs: number): Promise<void> {
  for (const end = performance.now() + forMs; performance.now() < end && client.end === 'open'; ) {
    client.read(READ);
    await sleep(100);
  }
}

describe.concurrent('a client that takes its response slowly', () => {
  const slow = (server: TestServer): Promise<Client> =>
    Client.connect(join(server.directory, 'slow.sock'), { reading: false });
  const listens = `listen unix:slow.sock; send_timeout ${isSecure ? '3s' : '1s'};`;

  test.each(KINDS)('is cut off below send_min_rate: %s', async (kind) => {
    const watch: Watch = { ended: [] };
    await using server = await start(`${listens} send_min_rate 1m;`, watch);
    using client = await slow(server);
    client.send(get(kind));
    await readSlowly(client, 10_000);
    await eventually('the exchange ended', () => watch.ended.length === 1);
    expect(watch.ended).toEqual([false]);
    expect(server.log.filter((line) => /\[(?:error|warn)\]/.test(line))).toEqual([]);
  });

  test.each([...KINDS.map((kind) => [kind, 'send_min_rate 10k;']), ['file', 'send_min_rate 0;']])(
    'is served above it, though a piece takes longer than send_timeout: %s, %s',
    async (kind, rate) => {
      const watch: Watch = { ended: [] };
      await using server = await start(`${listens} ${rate}`, watch);
      using client = await slow(server);
      client.send(get(kind));
      await readSlowly(client, 6_000);
      expect(client.end).toBe('open');
      expect(watch.ended).toEqual([]);
      client.read();
      await eventually('all received', () => client.size > BIG);
    },
  );

  test('is not a client that waits for a silent stream', async () => {
    const events = definePlugin({
      name: 'events',
      apply: ({ hooks }) =>
        hooks.onRoute.tap({}, () => ({
          status: 200,
          body: (async function* () {
            yield Buffer.from('one');
            await sleep(4_000);
            yield Buffer.from('two');
          })(),
        })),
    });
    await using server = await startTestServer(
      'send_timeout 500ms; send_min_rate 1m;',
      {},
      { plugins: [events] },
    );
    expect(await (await server.fetch('/')).text()).toBe('onetwo');
  });
});
