import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { scheme } from '../wire/transport.js';
import { Client, eventually } from './client.js';
import { startCommand } from './command.js';

const BIG = 32 * 1024 * 1024;
const HEAD = 'Host: a\r\n\r\n';

interface State {
  readonly what: string;
  readonly send: string;
  /** Bytes received by the server when the client resets. */
  readonly received?: string;
  readonly reading?: boolean;
}

/** The states of a connection in which its client may reset it. */
const states: readonly State[] = [
  { what: 'before a request', send: '' },
  { what: 'in a request line', send: 'GET /sma' },
  { what: 'in a header', send: 'GET /small HTTP/1.1\r\nHost: a\r\nX-Half: ' },
  { what: 'right behind a request', send: `GET /small HTTP/1.1\r\n${HEAD}` },
  { what: 'behind a response', send: `GET /small HTTP/1.1\r\n${HEAD}`, received: 'small' },
  { what: 'behind a response that ends the connection', send: 'BAD\r\n\r\n', received: '400' },
  {
    what: 'in a body that is read',
    send: `PUT /files/a HTTP/1.1\r\nContent-Length: 100000\r\n${HEAD}${'x'.repeat(50_000)}`,
  },
  {
    what: 'in chunks that are read',
    send: `PUT /files/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${HEAD}ffff\r\n${'x'.repeat(50_000)}`,
  },
  {
    what: 'in a body that is not read',
    send: `GET /small HTTP/1.1\r\nContent-Length: 100000\r\n${HEAD}${'x'.repeat(50_000)}`,
    received: 'small',
  },
  {
    what: 'behind a 100 Continue',
    send: `PUT /files/a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n${HEAD}`,
    received: '100 Continue',
  },
  { what: 'while a script runs', send: `GET /run/sleep.sh HTTP/1.1\r\n${HEAD}` },
  { what: 'while a script responds', send: `GET /run/endless.sh HTTP/1.1\r\n${HEAD}`, received: 'more' },
  {
    what: 'while a script responds and it does not read',
    send: `GET /run/endless.sh HTTP/1.1\r\n${HEAD}`,
    reading: false,
  },
  { what: 'while a file is sent', send: `GET /big HTTP/1.1\r\n${HEAD}`, received: '200 OK' },
  {
    what: 'while a file is sent and it does not read',
    send: `GET /big HTTP/1.1\r\n${HEAD}`,
    reading: false,
  },
  {
    what: 'while a thousand requests wait',
    send: `GET /run/sleep.sh HTTP/1.1\r\n${HEAD}${`GET /small HTTP/1.1\r\n${HEAD}`.repeat(1000)}`,
  },
  {
    what: 'while a thousand responses wait for it to read',
    send: `GET /middling HTTP/1.1\r\n${HEAD}`.repeat(1000),
    reading: false,
  },
];

const CONF = `worker_processes 1;
server {
  listen LISTEN;
  root www;
  location /run { root scripts; cgi .sh; }
  location /files { root store; upload on; }
}`;
const FILES = {
  'www/small': 'small',
  'www/middling': 'm'.repeat(50_000),
  'store/.keep': '',
  'scripts/sleep.sh': { content: '#!/bin/sh\nexec sleep 600\n', mode: 0o755 },
  'scripts/endless.sh': {
    content: '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n"\nexec yes more 2>/dev/null\n',
    mode: 0o755,
  },
};

test('a reset in any state affects no other connection and leaks nothing', async () => {
  await using server = await startCommand(CONF, FILES);
  await using file = await open(join(server.directory, 'www/big'), 'w');
  await file.truncate(BIG);
  const small = async (): Promise<string> =>
    (await fetch(`${scheme}://127.0.0.1:${server.port}/small`, { headers: { connection: 'close' } })).text();
  expect(await small()).toBe('small');
  await sleep(200);
  const before = await server.descriptors();
  for (const { what, send, received, reading = true } of states) {
    const reset = async (_: unknown, index: number): Promise<void> => {
      using client = await Client.connect(server.port, { reading });
      client.send(send);
      if (received !== undefined) await client.received(received);
      else await sleep(index * 10); // some immediately, some when the server has processed all it can
      client.reset();
    };
    await Promise.all(Array.from({ length: 20 }, reset));
    expect(await small(), what).toBe('small');
    await eventually(
      `descriptors back to ${before}, reset ${what}`,
      async () => (await server.descriptors()) <= before,
      30_000,
      50,
    );
  }
  expect(server.running()).toBe(true);
  expect(server.log()).not.toMatch(/\[error\]/);
});

describe('a client that resets', () => {
  test('while its request is processed: the signal is aborted, and the exchange ends as incomplete', async () => {
    let aborted = 0;
    const outcomes: (boolean | undefined)[] = [];
    const waiting = definePlugin({
      name: 'waiting',
      apply({ hooks }) {
        hooks.onRoute.tapPromise({ stage: Stage.handler, methods: ['GET', 'POST'] }, async ({ signal }) => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          aborted += 1;
          return { status: 200, body: 'no client sees this' };
        });
        hooks.onDone.tap({}, ({ outcome }) => outcomes.push(outcome?.complete));
      },
    });
    await using server = await startTestServer('', {}, { plugins: [waiting] });
    const resetBehind = async (bytes: string): Promise<void> => {
      using client = await Client.connect(server.port);
      client.send(bytes);
      await sleep(100);
      client.reset();
    };
    await resetBehind(`GET / HTTP/1.1\r\n${HEAD}`);
    await resetBehind(`POST / HTTP/1.1\r\nContent-Length: 10\r\n${HEAD}half `);
    await resetBehind(`POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${HEAD}5\r\nhalf `);
    await eventually('all exchanges have ended', () => outcomes.length === 3);
    expect(aborted).toBe(3);
    expect(outcomes).toEqual([false, false, false]);
  });

  test('in the middle of a stream: the stream is closed', async () => {
    let open = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      open += 1;
      try {
        for (;;) yield Buffer.alloc(10_000);
      } finally {
        open -= 1;
      }
    }
    const streaming = definePlugin({
      name: 'streaming',
      apply({ hooks }) {
        hooks.onRoute.tap({ stage: Stage.handler, methods: ['GET'] }, () => ({
          status: 200,
          body: endless(),
        }));
      },
    });
    await using server = await startTestServer('', {}, { plugins: [streaming] });
    for (const reading of [true, false]) {
      using client = await Client.connect(server.port, { reading });
      client.send(`GET / HTTP/1.1\r\n${HEAD}`);
      await eventually('the stream began', () => open === 1);
      client.reset();
      await eventually('the stream ended', () => open === 0);
    }
    expect(server.log.filter((line) => line.includes('[error]'))).toEqual([]);
  });
});
