import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { Client, drip } from './client.js';

/** Responds with the size of the request's body; at `/unread` without reading it. */
const counter = definePlugin({
  name: 'counter',
  apply({ hooks }) {
    hooks.onRoute.tapPromise({ stage: Stage.handler, methods: ['GET', 'POST'] }, async ({ request }) => {
      let size = 0;
      if (request.path !== '/unread') for await (const piece of request.body) size += piece.length;
      return { status: 200, body: `${size} bytes` };
    });
  },
});

const start = (conf: string) => startTestServer(conf, {}, { plugins: [counter] });
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n';

describe.concurrent('a slow header', () => {
  test('single bytes do not prolong the timeout: 408 after the whole client_header_timeout', async () => {
    await using server = await start('client_header_timeout 1s;');
    using client = await Client.connect(server.port);
    const began = performance.now();
    await drip(client, `GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ${'a'.repeat(1000)}`, 50);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 [\s\S]*\r\nConnection: close\r\n/);
    expect(client.end).toBe('ended');
    const took = client.endedAt - began;
    expect(took).toBeGreaterThan(500);
    expect(took).toBeLessThan(10_000);
  });

  test('the second request of a connection has its own timeout, from its first byte', async () => {
    await using server = await start('client_header_timeout 1s; keepalive_timeout 30s;');
    using client = await Client.connect(server.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.received('0 bytes');
    await sleep(1500); // idle for longer than a header section may take
    expect(client.end).toBe('open');
    const began = performance.now();
    await drip(client, `GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ${'a'.repeat(1000)}`, 50);
    expect(await client.closed()).toMatch(/0 bytesHTTP\/1\.1 408 /);
    expect(client.endedAt - began).toBeGreaterThan(500);
  });

  test('a client that sends nothing is disconnected without a response', async () => {
    await using server = await start('client_header_timeout 1s;');
    using client = await Client.connect(server.port);
    expect(await client.closed()).toBe('');
    expect(client.end).toBe('ended');
  });
});

describe.concurrent('a slow body', () => {
  test('no bytes for client_body_timeout while it is read: 408', async () => {
    await using server = await start('client_body_timeout 1s;');
    using client = await Client.connect(server.port);
    const began = performance.now();
    client.send(`${POST}some`);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 [\s\S]*\r\nConnection: close\r\n/);
    expect(client.endedAt - began).toBeGreaterThan(500);
  });

  test('single bytes, below 500 bytes a second, do not prolong it forever: 408', async () => {
    await using server = await start('client_body_timeout 1s;');
    using client = await Client.connect(server.port);
    const began = performance.now();
    client.send(POST);
    await drip(client, 'x'.repeat(300), 50);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 /);
    expect(client.endedAt - began).toBeLessThan(10_000);
  });

  test('chunks of one byte: the same', async () => {
    await using server = await start('client_body_timeout 1s;');
    using client = await Client.connect(server.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    await drip(client, '1\r\nx\r\n'.repeat(60), 50);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('a client that is slow but faster than that may take many times client_body_timeout', async () => {
    await using server = await start('client_body_timeout 1s;');
    using client = await Client.connect(server.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10000\r\n\r\n');
    for (let sent = 0; sent < 10_000; sent += 250) {
      client.send('x'.repeat(250));
      await sleep(75);
    }
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 [\s\S]*10000 bytes$/);
  });

  test.each([0, 200])(
    'content that nobody reads is waited for no longer than that either (%i bytes)',
    async (bytes) => {
      await using server = await start('client_body_timeout 1s;');
      using client = await Client.connect(server.port);
      const began = performance.now();
      client.send(`${POST.replace('/', '/unread')}some`);
      await client.received('0 bytes');
      await drip(client, 'x'.repeat(bytes), 50);
      expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 [\s\S]*0 bytes$/);
      expect(client.endedAt - began).toBeLessThan(10_000);
    },
  );
});
