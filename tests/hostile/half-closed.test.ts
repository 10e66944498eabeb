import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, type Exchange, HttpError, type Response, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { readAnswers } from '../wire/answers.js';
import { Client } from './client.js';

/** Answers late, piece by piece, or with what it was sent, by the path. */
const late = definePlugin({
  name: 'late',
  apply({ hooks }) {
    hooks.onRoute.tapPromise({ stage: Stage.handler, methods: ['GET', 'POST'] }, answer);
  },
});

async function answer({ request }: Exchange): Promise<Response | undefined> {
  if (request.path === '/late') {
    await sleep(300);
    return { status: 200, body: 'late' };
  }
  if (request.path === '/pieces') return { status: 200, body: pieces() };
  if (request.path !== '/upper') return undefined;
  const received: Uint8Array[] = [];
  for await (const piece of request.body) received.push(piece);
  return { status: 200, body: Buffer.concat(received).toString().toUpperCase() };
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (const word of ['piece ', 'by ', 'piece']) {
    await sleep(100);
    yield Buffer.from(word);
  }
}

const big = 'x'.repeat(3_000_000);
const start = () =>
  startTestServer(
    'root www; location = /at-once { return 200 "at once"; } location = /moved { return 301 /; }',
    { 'www/small': 'small', 'www/big': big },
    { plugins: [late] },
  );

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (length: number, content: string): string =>
  `POST /upper HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${content}`;

/** Sends it all and a FIN right behind. @returns everything until the server's end */
async function sendAndFinish(port: number, bytes: string): Promise<string> {
  using client = await Client.connect(port);
  client.send(bytes);
  client.finish();
  const text = await client.closed();
  expect(client.end).toBe('ended');
  return text;
}

const contents = (text: string): string[] => readAnswers(text).map(({ content }) => content);

describe('a client that ends its side', () => {
  test.each([
    ['/at-once', 'at once'],
    ['/small', 'small'],
    ['/big', big],
    ['/late', 'late'],
    ['/pieces', 'piece by piece'],
  ])('behind a request is answered all the same: %s', async (path, content) => {
    await using server = await start();
    expect(contents(await sendAndFinish(server.port, get(path)))).toEqual([content]);
  });

  test('behind several requests gets all their answers, in order', async () => {
    await using server = await start();
    const text = await sendAndFinish(
      server.port,
      get('/late') + get('/at-once') + post(3, 'abc') + get('/pieces') + get('/big') + get('/small'),
    );
    expect(contents(text)).toEqual(['late', 'at once', 'ABC', 'piece by piece', big, 'small']);
  });

  test('behind content that nobody reads gets the answers behind it too', async () => {
    await using server = await start();
    const unread = get('/moved').replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\n12345');
    const text = await sendAndFinish(server.port, get('/late') + unread + get('/small'));
    expect(readAnswers(text).map(({ status }) => status)).toEqual([200, 301, 200]);
  });

  test('while its request is worked on is answered all the same', async () => {
    await using server = await start();
    using client = await Client.connect(server.port);
    client.send(get('/late'));
    await sleep(100);
    client.finish();
    expect(contents(await client.closed())).toEqual(['late']);
  });

  test('in the middle of its content: whoever reads it is told, and 400 answers', async () => {
    const reasons: unknown[] = [];
    const reader = definePlugin({
      name: 'reader',
      apply({ hooks }) {
        hooks.onRoute.tapPromise({ stage: Stage.handler, methods: ['POST'] }, async ({ request }) => {
          try {
            for await (const _ of request.body);
          } catch (error) {
            reasons.push(error);
            throw error;
          }
          return { status: 200 };
        });
      },
    });
    await using server = await startTestServer('', {}, { plugins: [reader] });
    expect(await sendAndFinish(server.port, post(10, 'abc'))).toMatch(/^HTTP\/1\.1 400 /);
    expect(reasons).toEqual([expect.any(HttpError)]);
  });

  test('in the middle of the content of a request that waits its turn: 400, and at once', async () => {
    await using server = await start();
    const began = performance.now();
    const text = await sendAndFinish(server.port, get('/late') + post(10, 'abc'));
    expect(readAnswers(text).map(({ status }) => status)).toEqual([200, 400]);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  test('in the middle of a header gets no answer', async () => {
    await using server = await start();
    expect(await sendAndFinish(server.port, 'GET / HTTP/1.1\r\nHost: a\r\nX-')).toBe('');
  });

  test('without a request gets no answer', async () => {
    await using server = await start();
    expect(await sendAndFinish(server.port, '')).toBe('');
  });

  test('on an idle connection finds it closed at once', async () => {
    await using server = await start();
    using client = await Client.connect(server.port);
    client.send(get('/small'));
    await client.received('small');
    const began = performance.now();
    client.finish();
    await client.closed();
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test('and then goes is noticed, though nothing is sent to it', async () => {
    const ended: number[] = [];
    const waits = definePlugin({
      name: 'waits',
      apply({ hooks }) {
        hooks.onRoute.tapPromise({ timeout: Number.POSITIVE_INFINITY }, () => new Promise(() => {}));
        hooks.onDone.tap({}, ({ outcome }) => ended.push(outcome?.status ?? 0));
      },
    });
    await using server = await startTestServer('', {}, { plugins: [waits] });
    using client = await Client.connect(server.port);
    client.send(get('/'));
    await sleep(100);
    client.finish();
    await sleep(100);
    client.reset();
    // The system says nothing of it by itself to a reader that has read to the end.
    await expect.poll(() => ended, { timeout: 15_000 }).toEqual([499]);
  });
});
