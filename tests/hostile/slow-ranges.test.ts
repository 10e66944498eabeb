import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isSecure, scheme } from '../wire/transport.js';
import { Client, eventually } from './client.js';
import { startCommand } from './command.js';

const CLIENTS = 300;
const SIZE = 1024 ** 3;
/** 32 buffers of 1 MiB, 64 KiB for each of the other clients, and the memory of the connections. */
const MAX_GROWTH_PLAIN = 90_000_000;
/** Over TLS each connection has its piece once more, encrypted, and there are two workers with 32 large ones each. */
const MAX_GROWTH = isSecure ? 300_000_000 : MAX_GROWTH_PLAIN;

test('slow readers of several ranges share the buffers of all connections', { timeout: 60_000 }, async () => {
  await using server = await startCommand('server { listen LISTEN; root www; }', { 'www/big': '' });
  await using file = await open(join(server.directory, 'www/big'), 'r+');
  await file.truncate(SIZE);
  await (await fetch(`${scheme}://127.0.0.1:${server.port}/none`)).text();
  const idle = await server.memory();
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => Client.connect(server.port, { reading: false })),
  );
  const range = 'bytes=0-299999999,400000000-699999999';
  for (const client of clients) {
    client.send(`GET /big HTTP/1.1\r\nHost: a\r\nRange: ${range}\r\n\r\n`);
    client.read(1);
  }
  await eventually('all have begun', () => clients.every(({ size }) => size > 0), 40_000);
  let most = 0;
  for (let look = 0; look < 8; look += 1) {
    await sleep(250);
    most = Math.max(most, await server.memory());
  }
  for (const client of clients) client.reset();
  expect(clients.filter(({ text }) => !text.startsWith('HTTP/1.1 206 '))).toEqual([]);
  expect(most - idle).toBeLessThan(MAX_GROWTH);
});
