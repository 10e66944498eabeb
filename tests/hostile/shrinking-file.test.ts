import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestServer } from '@webserv/server/testing';
import { expect, test } from 'vitest';
import { Client } from './client.js';

const SIZE = 32 * 1024 * 1024;

test('a file that becomes shorter while it is sent: the connection closes, and the rest is not padded', async () => {
  await using server = await startTestServer('root www;', { 'www/': null });
  const path = join(server.directory, 'www/big');
  await writeFile(path, Buffer.alloc(SIZE, 'x'));
  using client = await Client.connect(server.port, { reading: false });
  client.send('GET /big HTTP/1.1\r\nHost: a\r\n\r\nGET /big HTTP/1.1\r\nHost: a\r\n\r\n');
  await sleep(500); // the system's buffers between client and server are full
  await truncate(path, 1024);
  client.read();
  const text = await client.closed();
  expect(text).toMatch(new RegExp(`^HTTP/1\\.1 200 [\\s\\S]*\r\nContent-Length: ${SIZE}\r\n`));
  const content = text.slice(text.indexOf('\r\n\r\n') + 4);
  expect(content.length).toBeLessThan(SIZE);
  expect(/^x*$/.test(content)).toBe(true);
  await expect.poll(() => server.log.filter((line) => line.includes('became shorter'))).toHaveLength(1);
  expect(await (await server.fetch('/big')).text()).toHaveLength(1024);
});
