import { definePlugin, type Plugin, type RouteHooks } from '@webserv/server';
import { describe, expect, test } from 'vitest';
import { startTestServer } from '../../testing/index.js';
import { SocketlessServer } from '../../testing/socketless.js';
import { WriteBatch } from './write-batch.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a write batch', () => {
  test('is flushed at the end of the turn, in order, once', async () => {
    const writeBatch = new WriteBatch();
    const left: string[] = [];
    for (const name of ['a', 'b']) writeBatch.schedule({ flush: () => left.push(name) });
    await Promise.resolve();
    expect(left).toEqual([]);
    await turn();
    expect(left).toEqual(['a', 'b']);
    writeBatch.schedule({ flush: () => left.push('c') });
    await turn();
    expect(left).toEqual(['a', 'b', 'c']);
  });

  test('holds at most 64 entries', async () => {
    const writeBatch = new WriteBatch();
    const left: number[] = [];
    const flushable = (at: number) => ({ flush: () => left.push(at) });
    for (let at = 0; at < 64; at += 1) writeBatch.schedule(flushable(at));
    expect(left).toEqual([]);
    writeBatch.schedule(flushable(64));
    expect(left).toHaveLength(64);
    await turn();
    expect(left).toEqual(Array.from({ length: 65 }, (_, at) => at));
  });

  test('may grow while it is flushed', async () => {
    const writeBatch = new WriteBatch();
    const left: string[] = [];
    writeBatch.schedule({
      flush: () => {
        left.push('first');
        writeBatch.schedule({ flush: () => left.push('second') });
      },
    });
    await turn();
    await turn();
    expect(left).toEqual(['first', 'second']);
  });
});

const plugin = (apply: (hooks: RouteHooks) => void): Plugin =>
  definePlugin({ name: 'under-test', apply: ({ hooks }) => apply(hooks) });
const whenDone = (fn: () => void): Plugin => plugin(({ onDone }) => onDone.tap({}, fn));
const PATIENCE_MS = 8_000;
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('a response that is queued but not sent', () => {
  test('is sent by a server that stops at that moment, and its connection closes immediately', async () => {
    await using server = await SocketlessServer.open({
      conf: 'return 200 whole;',
      plugins: [whenDone(() => stop())],
    });
    const client = server.connect();
    const stop = (): void => queueMicrotask(() => void server.stop(PATIENCE_MS, 0));
    await client.send(Buffer.from(REQUEST));
    const begun = performance.now();
    expect(String(await client.closed())).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nwhole$/);
    expect(performance.now() - begun).toBeLessThan(PATIENCE_MS / 2);
  });

  test('is sent before the responses to requests pipelined after it, whatever their sizes', async () => {
    const sizes = [1, 70_000, 2, 100_000, 3, 300_000, 4];
    const answers: string[] = [];
    const sized = plugin(({ onRoute }) =>
      onRoute.tap({}, ({ request }) => {
        const length = Number(request.path.slice(1));
        answers.push(request.path);
        return { status: 200, body: Buffer.alloc(length, String(length % 10)) };
      }),
    );
    await using server = await startTestServer('', {}, { plugins: [sized] });
    const requests = sizes.map((size) => REQUEST.replace('/ ', `/${size} `));
    const received = await server.raw(
      requests.join('').replace(/\r\n\r\n$/, '\r\nConnection: close\r\n\r\n'),
    );
    const contents = received
      .split(/HTTP\/1\.1 200 OK\r\n/)
      .slice(1)
      .map((answer) => answer.slice(answer.indexOf('\r\n\r\n') + 4));
    expect(contents.map((content) => [content.length, content[0]])).toEqual(
      sizes.map((size) => [size, String(size % 10)]),
    );
  });
});
