import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, type Exchange, type Response, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAnswers } from '../wire/answers.js';
import { scheme } from '../wire/transport.js';
import { Client } from './client.js';
import { type RunningCommand, startCommand } from './command.js';

/** Names the request that it responds to: immediately, later, as a stream, or as a stream of the request's body. */
const naming = definePlugin({
  name: 'naming',
  apply({ hooks }) {
    hooks.onRoute.tap({ stage: Stage.rewrite, methods: ['GET'] }, ({ request: { path } }) => {
      if (path === '/wide') return { status: 200, body: WIDE };
      return path.startsWith('/now/') ? { status: 200, body: path } : undefined;
    });
    hooks.onRoute.tapPromise({ stage: Stage.handler, methods: ['GET', 'POST'] }, later);
  },
});

async function later({ request }: Exchange): Promise<Response | undefined> {
  const { path, body } = request;
  if (path.startsWith('/begun')) {
    await body.read();
    return { status: 200, body: slowly([Buffer.from('begun')], 500) };
  }
  if (path.startsWith('/echo')) return { status: 200, body: slowly(body) };
  if (path.startsWith('/stream/')) return { status: 200, body: slowly([Buffer.from(path)]) };
  if (!path.startsWith('/later/')) return undefined;
  await sleep(Math.random() * 5);
  return { status: 200, body: path };
}

async function* slowly(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  pause = 5,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield piece;
  await sleep(pause);
  yield Buffer.from('.');
}

const file = (size: number, letter: string): string => letter.repeat(size);
/** Exactly the bytes sent in one piece, without waiting for their end. */
const WIDE = file(250_000, 'w');
const FILES = {
  'www/small': file(100, 's'),
  'www/large': file(300_000, 'l'),
  'www/huge': file(3_000_000, 'h'),
};
const start = () => startTestServer('root www; keepalive_requests 100000;', FILES, { plugins: [naming] });

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const last = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;

describe.concurrent('pipelined requests', () => {
  const kinds: readonly ((index: number) => readonly [request: string, content: string])[] = [
    (index) => [get(`/now/${index}`), `/now/${index}`],
    (index) => [get(`/later/${index}`), `/later/${index}`],
    (index) => [get(`/stream/${index}`), `/stream/${index}.`],
    () => [get('/small'), FILES['www/small']],
    () => [get('/large'), FILES['www/large']],
    (index) => [
      `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${`${index}`.length}\r\n\r\n${index}`,
      `${index}.`,
    ],
    (index) => [
      `POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${`${index}`.length}\r\n${index}\r\n0\r\n\r\n`,
      `${index}.`,
    ],
    // An unread body must not be read as a request.
    (index) => [
      `GET /now/${index} HTTP/1.1\r\nHost: a\r\nContent-Length: ${get('/small').length}\r\n\r\n${get('/small')}`,
      `/now/${index}`,
    ],
  ];

  test.each([1, 7, 100, 100_000])(
    'get their responses in order, whatever responds (packets of %i bytes)',
    async (packet) => {
      await using server = await start();
      using client = await Client.connect(server.port);
      const count = packet === 1 ? 40 : 300;
      const conversation = Array.from({ length: count }, (_, index) =>
        kinds[(index * 5) % kinds.length]?.(index),
      );
      const requests = conversation.map((turn) => turn?.[0]).join('') + last('/now/last');
      for (let at = 0; at < requests.length; at += packet) {
        client.send(requests.slice(at, at + packet));
        if (packet < 100) await new Promise(setImmediate);
      }
      const contents = readAnswers(await client.closed()).map(({ content }) => content);
      expect(contents).toEqual([...conversation.map((turn) => turn?.[1]), '/now/last']);
    },
  );

  test('a response that begins before its request is complete ends before the next one begins', async () => {
    await using server = await start();
    using client = await Client.connect(server.port);
    client.send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc');
    await client.received('abc');
    client.send(`def${get('/huge')}${last('/now/last')}`);
    const contents = readAnswers(await client.closed()).map(({ content }) => content);
    expect(contents).toEqual(['abcdef.', FILES['www/huge'], '/now/last']);
  });

  test('all get a response from a server with short timeouts if the client takes its responses slowly', async () => {
    await using server = await startTestServer(
      'listen unix:slow.sock; keepalive_timeout 100ms; client_header_timeout 100ms; root www;',
      FILES,
      { plugins: [naming] },
    );
    using client = await Client.connect(join(server.directory, 'slow.sock'), { reading: false });
    client.send(get('/wide').repeat(10) + last('/wide').slice(0, 20));
    await sleep(300);
    client.send(last('/wide').slice(20));
    while (client.end === 'open') {
      client.read(100_000);
      await sleep(200);
    }
    const answers = readAnswers(client.text);
    expect(answers.map(({ content }) => content.length)).toEqual(Array(11).fill(WIDE.length));
  });

  test('after a body that proves invalid during its response get no response', async () => {
    await using server = await start();
    using client = await Client.connect(server.port);
    client.send('POST /begun HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
    await client.received('begun');
    client.send('zz\r\n');
    await sleep(100);
    client.send(`0\r\n\r\n${last('/now/smuggled')}`);
    expect(readAnswers(await client.closed()).map(({ content }) => content)).toEqual(['begun.']);
  });

  test('after the last one of a connection get no response', async () => {
    await using server = await start();
    using client = await Client.connect(server.port);
    client.send(last('/later/1') + get('/now/2'));
    expect(readAnswers(await client.closed()).map(({ content }) => content)).toEqual(['/later/1']);
  });
});

const COUNT = 10_000;
/** A response body such that all responses together exceed the system's buffers. */
const PADDING = 'p'.repeat(10_000);

const MEMORY = 40 * 1024 * 1024;

/** The clients share a server: its memory is bounded whatever all of them do at the same time. */
describe.concurrent('a client that pipelines and reads nothing', () => {
  let server: RunningCommand;
  let before = 0;
  beforeAll(async () => {
    server = await startCommand(
      `worker_processes 1;
      server {
        listen LISTEN;
        keepalive_requests 100000000;
        location = /at-once { return 200 "$args ${PADDING}"; }
        location / { root www; cgi .sh /bin/sh; }
      }`,
      { 'www/index.html': PADDING, 'www/sleep.sh': 'exec sleep 60\n' },
    );
    await expectOthersServed();
    before = await server.memory();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function expectOthersServed(): Promise<void> {
    for (const path of ['/at-once?other', '/'])
      expect(await (await fetch(`${scheme}://127.0.0.1:${server.port}${path}`)).text()).toContain(PADDING);
  }

  test.each([
    ['sent at once', '/at-once'],
    ['of a file', '/'],
  ])(
    '10,000 requests costs bounded memory, others are served, and it gets every response in the end (%s)',
    async (_, path) => {
      using client = await Client.connect(server.port, { reading: false });
      const numbers = Array.from({ length: COUNT }, (_, index) => index);
      client.send(numbers.map((number) => get(`${path}?${number}`)).join('') + last(`${path}?end`));
      for (let look = 0; look < 20; look += 1) {
        await sleep(100);
        await expectOthersServed();
        expect((await server.memory()) - before).toBeLessThan(MEMORY);
      }
      client.read();
      const responses = readAnswers(await client.closed());
      expect(responses).toHaveLength(COUNT + 1);
      expect(responses.every(({ status, content }) => status === 200 && content.includes(PADDING))).toBe(
        true,
      );
      if (path === '/at-once') {
        expect(responses.slice(0, -1).map(({ content }) => Number.parseInt(content, 10))).toEqual(numbers);
      }
    },
  );

  test.each([
    ['responses sent at once', '/'],
    ['responses that wait for a script', '/sleep.sh'],
  ])('without end is not read from any more (%s)', async (_, path) => {
    using client = await Client.connect(server.port, { reading: false });
    const many = Buffer.from(get(path).repeat(20_000));
    for (let sent = 0; sent < 100; sent += 1) client.send(many);
    await sleep(3000);
    expect(client.unsent).toBeGreaterThan(40_000_000);
    expect((await server.memory()) - before).toBeLessThan(MEMORY);
  });
});
