import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client, eventually } from './client.js';
import { type RunningCommand, startCommand } from './command.js';

const CROWD = 1000;
const MiB = 1024 * 1024;

async function start(limits: string): Promise<RunningCommand> {
  const server = await startCommand(
    `worker_processes 1;
    server { listen LISTEN; listen unix:slow.sock; root www; ${limits} location /files { root store; upload on; } }`,
    { 'www/index.html': 'home', 'store/.keep': '' },
  );
  await using file = await open(join(server.directory, 'www/big'), 'w');
  await file.truncate(4 * MiB);
  for (let visited = 0; visited < 5; visited += 1) await visit(server);
  return server;
}

/** Milliseconds of visits, in the order of their length: of a server, and at the same time of one without other clients. */
interface Times {
  readonly crowded: readonly number[];
  readonly empty: readonly number[];
}

/** Time of a GET on a new connection, in milliseconds. */
async function visit({ port }: RunningCommand): Promise<number> {
  const began = performance.now();
  using client = await Client.connect(port);
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 [\s\S]*home$/);
  return client.endedAt - began;
}

async function visits(server: RunningCommand, count: number): Promise<Times> {
  const crowded: number[] = [];
  const empty: number[] = [];
  for (let visited = 0; visited < count; visited += 1) {
    crowded.push(await visit(server));
    empty.push(await visit(control));
    await sleep(50);
  }
  const inOrder = (times: readonly number[]) => times.toSorted((a, b) => a - b);
  return { crowded: inOrder(crowded), empty: inOrder(empty) };
}

/** A busy machine makes visits of the empty server slow too. */
function expectQuick({ crowded, empty }: Times): void {
  const middle = Math.floor(crowded.length / 2);
  expect(crowded[middle]).toBeLessThan(100 + 10 * (empty[middle] ?? 0));
  expect(crowded.at(-1)).toBeLessThan(2000 + 10 * (empty.at(-1) ?? 0));
}

let control: RunningCommand;
beforeAll(async () => {
  control = await start('');
});
afterAll(() => control[Symbol.asyncDispose]());

interface Mode {
  readonly what: string;
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
    what: 'header section',
    greeting: 'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ',
    drip: 'a',
    verdict: /^HTTP\/1\.1 408 /,
  },
  {
    what: 'body',
    greeting: 'PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n',
    drip: 'x',
    verdict: /^HTTP\/1\.1 408 /,
  },
  {
    what: 'chunked body',
    greeting: 'PUT /files/b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n',
    drip: 'x',
    verdict: /^HTTP\/1\.1 408 /,
  },
  {
    what: 'response',
    greeting: 'GET /big HTTP/1.1\r\nHost: a\r\n\r\n',
    drip: undefined,
    verdict: /^HTTP\/1\.1 200 /,
  },
];

interface Member {
  readonly mode: Mode;
  readonly client: Client;
}

/** Opens the connections, a hundred at a time, because the system's accept queue is bounded. */
async function gather(server: RunningCommand): Promise<readonly Member[]> {
  const join = async (mode: Mode): Promise<Member> => {
    const reading = mode.drip !== undefined;
    // Over TCP the responses to many clients that do not read would occupy gigabytes in the system's buffers.
    const client = await Client.connect(reading ? server.port : `${server.directory}/slow.sock`, { reading });
    return { mode, client };
  };
  const members: Member[] = [];
  while (members.length < CROWD) {
    const more = Array.from({ length: 25 }, () => modes.map(join));
    members.push(...(await Promise.all(more.flat())));
  }
  return members;
}

function drip({ mode, client }: Member): void {
  if (mode.drip === undefined) client.sip();
  else if (client.end === 'open') client.send(mode.drip);
  else client.finish();
}

/** Twenty clients that send headers without end, one connection after the other. */
async function expectFloodRejected(): Promise<void> {
  await using server = await start('client_header_timeout 10s;');
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
  const times = await visits(server, 15);
  flooding = false;
  await Promise.all(flooders);
  expectQuick(times);
  expect(refused).toBeGreaterThan(100);
  expect((await server.memory()) - memory).toBeLessThan(100 * MiB);
}

describe('1,000 clients at one byte a second', () => {
  let server: RunningCommand;
  let members: readonly Member[] = [];
  let descriptors = 0;
  let grown = 0;
  let tick: NodeJS.Timeout | undefined;
  beforeAll(async () => {
    server = await start('client_header_timeout 4s; client_body_timeout 3s; send_timeout 3s;');
    const memory = await server.memory();
    descriptors = await server.descriptors();
    members = await gather(server);
    const isHere = async (): Promise<boolean> => (await server.descriptors()) >= descriptors + CROWD;
    await eventually('all are accepted', isHere, 30_000, 50);
    for (const { mode, client } of members) client.send(mode.greeting);
    tick = setInterval(() => {
      for (const member of members) drip(member);
      server.memory().then((now) => {
        grown = Math.max(grown, now - memory);
      });
    }, 1000);
  }, 120_000);
  afterAll(async () => {
    clearInterval(tick);
    await server[Symbol.asyncDispose]();
  });

  test('do not keep others waiting', async () => expectQuick(await visits(server, 20)));

  // On another server. Meanwhile the time of the thousand passes.
  test(
    'and a flood of connections with endless headers: other clients are served, and each flooding one is rejected at the limit',
    expectFloodRejected,
  );

  test('are disconnected, and cost bounded memory', async () => {
    const isGone = async (): Promise<boolean> => (await server.descriptors()) < descriptors + CROWD / 50;
    await eventually('no connection of them is left', isGone, 60_000, 100);
    clearInterval(tick);
    expect(grown).toBeGreaterThan(0);
    expect(grown).toBeLessThan(120 * MiB);
  });

  test.each(modes)('in the $what of a request get no more time than its limit', async (mode) => {
    const clients = members.filter((member) => member.mode === mode).map(({ client }) => client);
    expect(clients).toHaveLength(CROWD / modes.length);
    for (const client of clients) client.read();
    await expect.poll(() => clients.filter(({ end }) => end === 'open')).toHaveLength(0);
    expect(clients.filter(({ text }) => !mode.verdict.test(text))).toHaveLength(0);
    for (const client of clients) client[Symbol.dispose]();
  });

  test('leave a server that serves, and no error in its log', async () => {
    expectQuick(await visits(server, 5));
    expect(server.log()).not.toMatch(/\[error\]/);
  });
});
