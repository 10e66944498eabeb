import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, type Exchange, type Response, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { Client, eventually } from './client.js';

const SIZE = 64 * 1024 * 1024;
const post = (path: string, size: number): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`;

const start = (answer: (exchange: Exchange) => Promise<Response>) =>
  startTestServer(
    'client_max_body_size 0; client_body_timeout 60s;',
    {},
    {
      plugins: [
        definePlugin({
          name: 'reader',
          apply: ({ hooks }) =>
            hooks.onRoute.tapPromise({ stage: Stage.handler, methods: ['GET', 'POST'] }, answer),
        }),
      ],
    },
  );

describe.concurrent('a body that a client sends faster than it is read', () => {
  test('stays with the client until it is read', async () => {
    await using server = await start(async ({ request }) => {
      await sleep(1500);
      let size = 0;
      for await (const piece of request.body) size += piece.length;
      return { status: 200, body: `${size} bytes` };
    });
    using client = await Client.connect(server.port);
    client.send(post('/', SIZE));
    client.send(Buffer.alloc(SIZE));
    await sleep(1000);
    expect(client.unsent).toBeGreaterThan(SIZE / 2);
    await client.received(`${SIZE} bytes`);
  });

  test('is received no faster than it is read', async () => {
    let read = 0;
    await using server = await start(async ({ request }) => {
      for await (const piece of request.body) {
        if (read < 1_000_000) await sleep(100);
        read += piece.length;
      }
      return { status: 200, body: `${read} bytes` };
    });
    using client = await Client.connect(server.port);
    client.send(post('/', SIZE));
    client.send(Buffer.alloc(SIZE));
    await sleep(1000);
    expect(client.unsent).toBeGreaterThan(SIZE / 2);
    await client.received(`${SIZE} bytes`);
  });
});

// Not concurrent: it measures the memory of this process.
describe('a body that a client sends faster than it is read', () => {
  test('in single bytes costs little more memory than in large pieces', async () => {
    await using server = await start(async ({ request }) => {
      await request.body.read();
      const before = process.memoryUsage();
      await sleep(1000);
      const after = process.memoryUsage();
      const grown = after.heapUsed + after.external - before.heapUsed - before.external;
      return { status: 200, body: `${grown} bytes grown` };
    });
    using client = await Client.connect(server.port);
    client.send(post('/', 10_000_000));
    let sending = true;
    const sent = (async () => {
      // Bytes that the system no longer takes would occupy memory of this very process.
      for (; sending; await new Promise(setImmediate)) if (client.unsent === 0) client.send('x');
    })();
    await client.received('bytes grown').finally(() => {
      sending = false;
    });
    await sent;
    expect(Number(/(-?\d+) bytes grown/.exec(client.text)?.[1])).toBeLessThan(20_000_000);
  });
});

test.each([0, 200])(
  'a plugin that still reads a body when its exchange has ended gets an error (after %i ms)',
  async (wait) => {
    const reasons: unknown[] = [];
    await using server = await start(async ({ request }) => {
      const reading = async (): Promise<void> => {
        for await (const _ of request.body);
      };
      reading().catch((reason: unknown) => reasons.push(reason));
      await sleep(wait);
      return { status: 200, body: 'enough' };
    });
    using client = await Client.connect(server.port);
    client.send(`${post('/', 10)}abc`);
    await client.received('enough');
    await eventually('an error', () => reasons.length === 1);
    expect(reasons).toEqual([new Error('the exchange has ended')]);
    client.send('defghijGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(await client.closed()).toMatch(/enoughHTTP\/1\.1 200 [\s\S]*enough$/);
  },
);
