import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Client, eventually } from './client.js';
import { type RunningCommand, startCommand } from './command.js';

const CROWD = 1000;
const MiB = 1024 * 1024;

async function start(limits: string): Promise<RunningCommand> {
  const server = await startCommand(
    `server { listen LISTEN; listen unix:slow.sock; root www; ${limits} location /files { root store; upload on; } }`,
    { 'www/index.html': 'home', 'store/.keep': '' },
  );
  await using file = await open(join(server.directory, 'www/big'), 'w');
  await file.truncate(4 * MiB);
  return server;
}

/** Times of a GET on a new connection while many other clients are connected, in milliseconds, shortest first. */
async function visit(server: RunningCommand, count: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    const began = performance.now();
    using client = await Client.connect(server.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 [\s\S]*home$/);
    times.push(client.endedAt - began);
    await sleep(50);
  }
  return times.sort((a, b) => a - b);
}

function expectQuick(times: readonly number[]): void {
  expect(times[Math.floor(times.length / 2)]).toBeLessThan(100);
  expect(times.at(-1)).toBeLessThan(2000);
}

/** Opens the given number of connections, a hundred at a time, because the system's accept queue is bounded. */
async function crowd(address: number | string, reading: boolean, greeting: string): Promise<Client[]> {
  const clients: Client[] = [];
  while (clients.length < CROWD) {
    const more = Array.from({ length: 100 }, () => Client.connect(address, { reading }));
    for (const client of await Promise.all(more)) {
      client.send(greeting);
      clients.push(client);
    }
  }
  return clients;
}

interface Mode {
  readonly what: string;
  readonly limits: string;
  /** Bytes that each client sends immediately. */
  readonly greeting: string;
  /**
   * Byte that each client sends every second; undefined for a client that reads a byte of its response every second.
   */
  readonly drip: string | undefined;
  /** Response of the server when its timeout has passed. */
  readonly verdict: RegExp;
}

const modes: readonly Mode[] = [
  {
    what: 'header',
    limits: 'client_header_timeout 4s;',
    greeting: 'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ',
    drip: 'a',
    verdict: /^HTTP\/1\.1 408 /,
  },
  {
    what: 'body',
    limits: 'client_body_timeout 3s;',
    greeting: 'PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n',
    drip: 'x',
    verdict: /^HTTP\/1\.1 408 /,
  },
  {
    what: 'chunked body',
    limits: 'client_body_timeout 3s;',
    greeting: 'PUT /files/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n',
    drip: 'x',
    verdict: /^HTTP\/1\.1 408 /,
  },
  {
    what: 'answer',
    limits: 'send_timeout 4s;',
    greeting: 'GET /big HTTP/1.1\r\nHost: a\r\n\r\n',
    drip: undefined,
    verdict: /^HTTP\/1\.1 200 /,
  },
];

// Sequential: four at a time would not connect within the timeouts that they test.
describe('1,000 clients at one byte a second', () => {
  test.each(modes)(
    'a $what: others are served, memory is bounded, and the time for it runs out',
    { timeout: 120_000 },
    async ({ limits, greeting, drip, verdict }) => {
      await using server = await start(limits);
      await visit(server, 5);
      const [descriptors, memory] = [await server.descriptors(), await server.memory()];
      // Over TCP the responses to many clients that do not read would occupy gigabytes in the system's buffers.
      const address = drip === undefined ? join(server.directory, 'slow.sock') : server.port;
      const clients = await crowd(address, drip !== undefined, greeting);
      await eventually('all are accepted', async () => (await server.descriptors()) >= descriptors + CROWD);
      let peak = 0;
      const tick = setInterval(() => {
        for (const client of clients) {
          if (drip === undefined) client.sip();
          else if (client.end === 'open') client.send(drip);
        }
        server.memory().then((now) => {
          peak = Math.max(peak, now - memory);
        });
      }, 1000);
      try {
        expectQuick(await visit(server, 30));
        await eventually(
          'no connection of them is left',
          async () => (await server.descriptors()) < descriptors + CROWD / 50,
          60_000,
        );
      } finally {
        clearInterval(tick);
      }
      expect(peak).toBeLessThan(150 * MiB);
      for (const client of clients) client.read();
      await eventually('all have ended', () => clients.every(({ end }) => end !== 'open'));
      expect(clients.filter(({ text }) => !verdict.test(text))).toHaveLength(0);
      for (const client of clients) client[Symbol.dispose]();
      expectQuick(await visit(server, 5));
      expect(server.log()).not.toMatch(/\[error\]/);
    },
  );
});

test('a flood of connections with endless headers: other clients are served, and each flooding one is rejected at the limit', async () => {
  await using server = await start('client_header_timeout 10s;');
  await visit(server, 5);
  const memory = await server.memory();
  const flood = `GET / HTTP/1.1\r\nHost: a\r\n${'X-Flood: 0123456789012345678901234567890123456789\r\n'.repeat(2000)}`;
  let flooding = true;
  let refused = 0;
  const flooder = async (): Promise<void> => {
    while (flooding) {
      using client = await Client.connect(server.port);
      client.send(flood);
      await client.received(/^HTTP\/1\.1 431 /);
      refused += 1;
      await sleep(10);
    }
  };
  const flooders = Array.from({ length: 20 }, flooder);
  const times = await visit(server, 30);
  flooding = false;
  await Promise.all(flooders);
  expectQuick(times);
  expect(refused).toBeGreaterThan(200);
  expect((await server.memory()) - memory).toBeLessThan(100 * MiB);
});
