import { existsSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, type Exchange, HttpError, type Outcome, type Response, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { readAnswers } from '../wire/answers.js';
import { Client } from './client.js';

/** Responds late, piece by piece, or with the body it was sent, depending on the path. */
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

/** Sends everything followed by a FIN. @returns everything until the server's end */
async function sendAndFinish(port: number, bytes: string): Promise<string> {
  using client = await Client.connect(port);
  client.send(bytes);
  client.finish();
  const text = await client.closed();
  expect(client.end).toBe('ended');
  return text;
}

const contents = (text: string): string[] => readAnswers(text).map(({ content }) => content);

describe.concurrent('a client that ends its side', () => {
  test.each([
    ['/at-once', 'at once'],
    ['/small', 'small'],
    ['/big', big],
    ['/late', 'late'],
    ['/pieces', 'piece by piece'],
  ])('after a request gets its response: %s', async (path, content) => {
    await using server = await start();
    expect(contents(await sendAndFinish(server.port, get(path)))).toEqual([content]);
  });

  test('after several requests gets all their responses, in order', async () => {
    await using server = await start();
    const text = await sendAndFinish(
      server.port,
      get('/late') + get('/at-once') + post(3, 'abc') + get('/pieces') + get('/big') + get('/small'),
    );
    expect(contents(text)).toEqual(['late', 'at once', 'ABC', 'piece by piece', big, 'small']);
  });

  test('after an unread body gets the later responses too', async () => {
    await using server = await start();
    const unread = get('/moved').replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\n12345');
    const text = await sendAndFinish(server.port, get('/late') + unread + get('/small'));
    expect(readAnswers(text).map(({ status }) => status)).toEqual([200, 301, 200]);
  });

  test('while its request is processed gets its response', async () => {
    await using server = await start();
    using client = await Client.connect(server.port);
    client.send(get('/late'));
    await sleep(100);
    client.finish();
    expect(contents(await client.closed())).toEqual(['late']);
  });

  test('in the middle of its body: the reader gets an error, and the response is 400', async () => {
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

  test('in the middle of the body of a queued request: 400, immediately', async () => {
    await using server = await start();
    const began = performance.now();
    const text = await sendAndFinish(server.port, get('/late') + post(10, 'abc'));
    expect(readAnswers(text).map(({ status }) => status)).toEqual([200, 400]);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  test('in the middle of a header section gets no response', async () => {
    await using server = await start();
    expect(await sendAndFinish(server.port, 'GET / HTTP/1.1\r\nHost: a\r\nX-')).toBe('');
  });

  test('without a request gets no response', async () => {
    await using server = await start();
    expect(await sendAndFinish(server.port, '')).toBe('');
  });

  test('on an idle connection gets it closed immediately', async () => {
    await using server = await start();
    using client = await Client.connect(server.port);
    client.send(get('/small'));
    await client.received('small');
    const began = performance.now();
    client.finish();
    await client.closed();
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test('and then closes the connection is noticed, even if nothing is sent to it', async ({ expect }) => {
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
    // The system does not report it by itself to a reader that has read to the end.
    await expect.poll(() => ended).toEqual([499]);
  });
});

/** Waits forever, until its signal is aborted; records what happened. */
class Waiting {
  /** How long each tap waited, in milliseconds. */
  readonly aborted: number[] = [];
  readonly outcomes: Partial<Outcome>[] = [];
  readonly plugin = definePlugin({
    name: 'waiting',
    apply: ({ hooks }) => {
      const tap = { stage: Stage.handler, methods: ['GET', 'POST'], timeout: Number.POSITIVE_INFINITY };
      hooks.onRoute.tapPromise(tap, async (exchange) => {
        const { path } = exchange.request;
        if (path === '/small' || path === '/big') return undefined;
        while ((await exchange.request.body.read()) !== undefined);
        if (path === '/events') return { status: 200, body: this.#events(exchange) };
        if (path === '/stores') {
          await sleep(2_500);
          return { status: 201, body: 'stored' };
        }
        await this.#wait(exchange);
        throw exchange.signal.reason;
      });
      hooks.onDone.tap({}, ({ outcome }) => this.outcomes.push({ ...outcome }));
    },
  });

  async #wait({ signal }: Exchange): Promise<void> {
    const began = performance.now();
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    this.aborted.push(performance.now() - began);
  }

  async *#events(exchange: Exchange): AsyncGenerator<Uint8Array> {
    yield Buffer.from('data: 1\n\n');
    await sleep(600);
    yield Buffer.from('data: 2\n\n');
    await this.#wait(exchange);
  }
}

describe.concurrent('a client that leaves while its response is silent', () => {
  const begin = async (conf = '') => {
    const waiting = new Waiting();
    const server = await startTestServer(
      `root www; ${conf}`,
      { 'www/small': 'small' },
      { plugins: [waiting.plugin] },
    );
    return { waiting, server };
  };
  const faults = (log: readonly string[]) => log.filter((line) => /\[(?:error|warn)\]/.test(line));

  test.for<readonly [what: string, after: number]>([
    ['right behind its request', 0],
    ['a moment later', 300],
  ])('is noticed within two seconds: %s', async ([, after], { expect }) => {
    const { waiting, server } = await begin();
    await using _server = server;
    using client = await Client.connect(server.port);
    client.send(get('/wait'));
    await sleep(after);
    client.finish();
    await expect.poll(() => waiting.outcomes).toMatchObject([{ status: 499, complete: false }]);
    expect(waiting.aborted[0]).toBeGreaterThanOrEqual(900);
    // A busy machine takes several times as long. Without a check it would never be noticed.
    expect(waiting.aborted[0]).toBeLessThan(20_000);
    expect(await client.closed()).toBe('');
    expect(faults(server.log)).toEqual([]);
  });

  test('is noticed after a body was sent, and after a part of the response was', async ({ expect }) => {
    const { waiting, server } = await begin();
    await using _server = server;
    using uploader = await Client.connect(server.port);
    uploader.send(post(3, 'abc'));
    uploader.finish();
    using listener = await Client.connect(server.port);
    listener.send(get('/events'));
    listener.finish();
    await expect.poll(() => waiting.outcomes.length).toBe(2);
    expect(waiting.aborted).toHaveLength(2);
    expect(await listener.closed()).toContain('data: 2');
    expect(faults(server.log)).toEqual([]);
  });

  test('gets responses that had to be finished, and immediate ones after them', async ({ expect }) => {
    const { server } = await begin();
    await using _server = server;
    const text = await sendAndFinish(server.port, get('/stores') + get('/small') + get('/small'));
    expect(contents(text)).toEqual(['stored', 'small', 'small']);
  });

  test('does not get responses after one that it did not wait for', async ({ expect }) => {
    const { waiting, server } = await begin();
    await using _server = server;
    const text = await sendAndFinish(server.port, get('/small') + get('/wait') + get('/small'));
    expect(contents(text)).toEqual(['small']);
    expect(waiting.outcomes.map(({ status }) => status)).toEqual([200, 499]);
  });

  test('causes no error when it resets, during any part of its response', async ({ expect }) => {
    const { waiting, server } = await begin();
    await using _server = server;
    for (const path of ['/wait', '/events']) {
      using client = await Client.connect(server.port);
      client.send(get(path));
      await sleep(1_000);
      client.reset();
      await expect.poll(() => waiting.outcomes.splice(0)).toMatchObject([{ complete: false }]);
    }
    await sleep(100);
    expect(faults(server.log)).toEqual([]);
  });

  test('is waited for with ignore_client_abort on', async ({ expect }) => {
    const { waiting, server } = await begin('ignore_client_abort on;');
    await using _server = server;
    using client = await Client.connect(server.port);
    client.send(get('/wait'));
    client.finish();
    await sleep(2_500);
    expect(waiting.aborted).toEqual([]);
    client.reset();
    await expect.poll(() => waiting.outcomes.length).toBe(1);
  });

  test('does not change what a client that stays gets', async ({ expect }) => {
    const { waiting, server } = await begin();
    await using _server = server;
    using client = await Client.connect(server.port);
    client.send(get('/wait'));
    await sleep(2_500);
    expect(waiting.aborted).toEqual([]);
  });

  test.for<readonly [what: string, conf: string, goesOn: boolean]>([
    ['ends the script', '', false],
    ['lets it go on with ignore_client_abort on', 'ignore_client_abort on;', true],
  ])('%s', async ([, conf, goesOn], { expect }) => {
    const script =
      '#!/bin/sh\nsleep 3\necho done > "$DOCUMENT_ROOT/done"\nprintf "Content-Type: text/plain\\n\\nlate"\n';
    await using server = await startTestServer(`root www; cgi .sh; ${conf}`, { 'www/a.sh': script });
    await chmod(join(server.directory, 'www/a.sh'), 0o755);
    using client = await Client.connect(server.port);
    client.send(get('/a.sh'));
    client.finish();
    const text = await client.closed();
    if (goesOn) expect(contents(text)).toEqual(['late']);
    else expect(text).toBe('');
    using gone = await Client.connect(server.port);
    gone.send(get('/a.sh'));
    await sleep(500);
    await rm(join(server.directory, 'www/done'), { force: true });
    gone.reset();
    const isDone = (): boolean => existsSync(join(server.directory, 'www/done'));
    if (goesOn) await expect.poll(isDone).toBe(true);
    else {
      await sleep(4_000);
      expect(isDone()).toBe(false);
    }
    expect(faults(server.log)).toEqual([]);
  });
});
