import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { Client, eventually } from './client.js';
import { startCommand } from './command.js';

const late = definePlugin({
  name: 'late',
  apply({ hooks }) {
    hooks.onRoute.tapPromise({ stage: Stage.handler, methods: ['GET'] }, async ({ request }) => {
      if (request.path === '/late') await sleep(1000);
      return request.path === '/stream'
        ? { status: 200, body: pieces() }
        : { status: 200, body: `response to ${request.path}` };
    });
  },
});

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (const word of ['piece ', 'by ', 'piece']) {
    yield Buffer.from(word);
    await sleep(300);
  }
}

const start = (conf = '') => startTestServer(conf, {}, { plugins: [late] });
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

describe.concurrent('a server that stops', () => {
  test('closes idle connections immediately, even if the client does not', async () => {
    await using server = await start();
    using idle = await Client.connect(server.port);
    using used = await Client.connect(server.port);
    used.send(get('/'));
    await used.received('response to /');
    expect(await timed(() => server.stop())).toBeLessThan(2000);
    await Promise.all([idle.closed(), used.closed()]);
    expect([idle.end, used.end]).toEqual(['ended', 'ended']);
  });

  test('accepts no more connections', async () => {
    await using server = await start();
    await server.stop();
    await expect(Client.connect(server.port)).rejects.toThrow('ECONNREFUSED');
  });

  test('finishes requests in flight, and announces the close', async () => {
    await using server = await start();
    using client = await Client.connect(server.port);
    client.send(get('/late'));
    await sleep(200);
    const stopped = server.stop();
    expect(await client.closed()).toMatch(/\r\nConnection: close\r\n[\s\S]*response to \/late$/);
    expect(client.end).toBe('ended');
    client.finish();
    await stopped;
  });

  test('closes a connection whose response was already on its way', async () => {
    await using server = await start('keepalive_timeout 60s;');
    using client = await Client.connect(server.port);
    client.send(get('/stream'));
    await client.received('piece ');
    const took = timed(() => server.stop());
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 [\s\S]*piece[\s\S]*by[\s\S]*piece\r\n0\r\n\r\n$/);
    client.finish();
    expect(await took).toBeLessThan(10_000);
  });

  test('receives the rest of a request that has begun, and responds', async () => {
    await using server = await start();
    using client = await Client.connect(server.port);
    client.send('GET / HTTP/1.1\r\n');
    await sleep(200);
    const stopped = server.stop();
    client.send('Host: a\r\n\r\n');
    expect(await client.closed()).toMatch(/\r\nConnection: close\r\n[\s\S]*response to \/$/);
    client.finish();
    await stopped;
  });

  test('aborts requests that do not end within the grace period', async () => {
    await using server = await start('client_header_timeout 60s;');
    using client = await Client.connect(server.port);
    client.send('GET / HTTP/1.1\r\n');
    await sleep(200);
    expect(await timed(() => server.stop(500))).toBeLessThan(5000);
    expect(await client.closed()).toBe('');
  });
});

test.concurrent('the command at SIGTERM: a download in flight completes, an idle connection is closed, exit code 0', async () => {
  const size = 32 * 1024 * 1024;
  await using server = await startCommand('worker_processes 1;\nserver { listen LISTEN; root www; }', {
    'www/index.html': 'home',
  });
  await using file = await open(join(server.directory, 'www/big'), 'w');
  await file.truncate(size);
  using idle = await Client.connect(server.port);
  idle.send(get('/'));
  await idle.received('home');
  using client = await Client.connect(server.port, { reading: false });
  client.send(get('/big'));
  client.read(1);
  await eventually('the download has begun', () => client.size > 0);
  const exit = server.end('SIGTERM');
  await idle.closed();
  expect(client.end).toBe('open');
  client.read();
  await client.closed();
  client.finish();
  expect(client.size).toBeGreaterThan(size);
  expect(await exit).toBe(0);
});
