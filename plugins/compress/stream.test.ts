import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { definePlugin, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';
import { get, gzip, TEXT } from './client.test.fixture.js';
import { encodings, isMaker } from './encodings.js';
import { encoded } from './stream.js';

/** Responds to every request with a stream. */
function streaming(body: () => AsyncIterable<Uint8Array>, contentType = 'text/plain') {
  return definePlugin({
    name: 'source',
    apply: ({ hooks }) =>
      hooks.onRoute.tap({ stage: Stage.rewrite }, () => ({
        status: 200,
        headers: { 'content-type': contentType },
        body: body(),
      })),
  });
}

describe('a stream is compressed', () => {
  it('a stream, and what it gives now and then reaches the client at once', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* events(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('data: one\n\n');
      await held;
      yield Buffer.from('data: two\n\n');
    }
    const source = streaming(events, 'text/event-stream');
    await using server = await startTestServer('compress on;', {}, { plugins: [source] });
    const answer = await server.fetch('/', { headers: { 'accept-encoding': 'gzip' } });
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    expect(Buffer.from(first?.value ?? []).toString()).toBe('data: one\n\n');
    release();
    const second = await reader?.read();
    expect(Buffer.from(second?.value ?? []).toString()).toBe('data: two\n\n');
    expect((await reader?.read())?.done).toBe(true);
  });

  it('a stream without end is read no faster than the client takes it, and closed when the client leaves', async () => {
    let given = 0;
    let closed = false;
    const noise = Buffer.from(Array.from({ length: 65_536 }, (_, at) => (at * 7919 * (at % 251)) % 256));
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          given += noise.length;
          yield Buffer.from(noise.map((byte) => (byte + given) % 251));
        }
      } finally {
        closed = true;
      }
    }
    const source = streaming(endless);
    await using server = await startTestServer(
      'compress on; compress_level fast;',
      {},
      { plugins: [source] },
    );
    const controller = new AbortController();
    const answer = await server.fetch('/', {
      headers: { 'accept-encoding': 'gzip' },
      signal: controller.signal,
    });
    expect(answer.status).toBe(200);
    // The client does not read: once the system's buffers are full, nothing more is produced.
    const givenMeanwhile = async (): Promise<number> => {
      const before = given;
      await sleep(500);
      return given - before;
    };
    await expect.poll(givenMeanwhile).toBe(0);
    controller.abort();
    await expect.poll(() => closed).toBe(true);
  });

  it('a stream that breaks breaks the answer off', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(TEXT);
      throw new Error('no more');
    }
    const source = streaming(broken);
    await using server = await startTestServer('compress on;', {}, { plugins: [source] });
    const raw = await server.raw('GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n').catch(String);
    expect(raw.endsWith('0\r\n\r\n')).toBe(false);
    expect(server.log.join('\n')).toMatch(/response broken off: Error: no more/);
  });

  it('though its source fills the same memory again and again', async () => {
    const noise = randomBytes(200 * 1000);
    async function* reusing(): AsyncGenerator<Uint8Array> {
      const memory = Buffer.alloc(1000);
      for (let at = 0; at < noise.length; at += memory.length) {
        noise.copy(memory, 0, at);
        yield memory;
      }
    }
    await using server = await startTestServer('compress on;', {}, { plugins: [streaming(reusing)] });
    const answer = await get(server, '/', gzip);
    expect(gunzipSync(answer.bytes).equals(noise)).toBe(true);
  });

  it('and its source let go when the client leaves while it waits', async () => {
    let returned = 0;
    const idle: AsyncIterator<Uint8Array> = {
      next: () => new Promise(() => {}),
      return: () => {
        returned += 1;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
    const source = streaming(() => ({ [Symbol.asyncIterator]: () => idle }));
    await using server = await startTestServer('compress on;', {}, { plugins: [source] });
    const socket = connect({ host: '127.0.0.1', port: server.port });
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n');
    await once(socket, 'data'); // the header section
    expect(returned).toBe(0);
    socket.resetAndDestroy(); // a FIN alone may mean that the client has no further requests
    await expect.poll(() => returned).toBe(1);
  });

  it('and its source let go, unread, when HEAD is asked', async () => {
    const calls: string[] = [];
    const unread: AsyncIterator<Uint8Array> = {
      next: () => {
        calls.push('next');
        return Promise.resolve({ done: true, value: undefined });
      },
      return: () => {
        calls.push('return');
        return Promise.resolve({ done: true, value: undefined });
      },
    };
    const source = streaming(() => ({ [Symbol.asyncIterator]: () => unread }));
    await using server = await startTestServer('compress on;', {}, { plugins: [source] });
    const answer = await get(server, '/', gzip, 'HEAD');
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    await expect.poll(() => calls).toEqual(['return']);
  });
});

describe('the coder of a stream', () => {
  const gzip = encodings.get('gzip');
  const coding = gzip && isMaker(gzip) ? gzip : undefined;
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.from(TEXT);
  };

  it('is not made before the first piece is asked for', async () => {
    const makeCoder = () => {
      throw new Error('made');
    };
    const stream = encoded(pieces(), { makeCoder, signal: new AbortController().signal })[
      Symbol.asyncIterator
    ]();
    await stream.return?.();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it.each(['return', 'abort'])('is freed at once: %s', async (how) => {
    const coder = coding?.stream('fast');
    if (coder === undefined) throw new Error('there is no gzip');
    const controller = new AbortController();
    let closed = 0;
    const stream = encoded(pieces(), {
      makeCoder: () => coder,
      signal: controller.signal,
      closed: () => {
        closed += 1;
      },
    })[Symbol.asyncIterator]();
    await stream.next();
    expect([coder.destroyed, closed]).toEqual([false, 0]);
    if (how === 'abort') controller.abort();
    else await stream.return?.();
    expect([coder.destroyed, closed]).toEqual([true, 1]);
  });

  it('is freed when all is read, and leaves no listener behind', async () => {
    const coder = coding?.stream('fast');
    if (coder === undefined) throw new Error('there is no gzip');
    const out: Uint8Array[] = [];
    const { signal } = new AbortController();
    for await (const piece of encoded(TEXT, { makeCoder: () => coder, signal })) out.push(piece);
    expect(gunzipSync(Buffer.concat(out)).toString()).toBe(TEXT);
    expect(coder.destroyed).toBe(true);
  });
});
