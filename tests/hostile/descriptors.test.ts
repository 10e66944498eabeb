import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { scheme } from '../wire/transport.js';
import { Client, eventually } from './client.js';
import { startCommand } from './command.js';

const prlimit = promisify(execFile);
const LIMIT = 64;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

test('no descriptors left: the server survives, serves its connections, and accepts all clients once descriptors are free', async () => {
  await using server = await startCommand(
    'server { listen LISTEN; root www; location = /at-once { return 200 "at once"; } }',
    { 'www/index.html': 'home' },
  );
  for (const pid of await server.processes()) {
    await prlimit('prlimit', ['--pid', String(pid), `--nofile=${LIMIT}:${LIMIT}`]);
  }
  const url = `${scheme}://127.0.0.1:${server.port}/`;
  const home = async (): Promise<string> =>
    (await fetch(url, { headers: { connection: 'close' } })).text().catch(String);
  expect(await home()).toBe('home');
  const before = await server.descriptors();
  for (let round = 0; round < 3; round += 1) {
    // Over TLS, connections that get no descriptor fail in their handshake.
    const connections = Array.from({ length: 200 }, () => Client.connect(server.port));
    const connected = await Promise.allSettled(connections);
    const clients = connected.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    await eventually('the descriptors used up', async () => (await server.descriptors()) >= LIMIT - 2);
    await eventually('the rest closed', () => clients.filter(({ end }) => end === 'open').length < LIMIT);
    const held = clients.filter(({ end }) => end === 'open');
    expect(held.length).toBeGreaterThan(10);
    // An accepted connection gets a response: without a file, or 503.
    const [first, second] = held;
    first?.send(GET.replace('/', '/at-once'));
    await first?.received('at once');
    second?.send(GET);
    await second?.received(/^HTTP\/1\.1 (?:200|500|503) /);
    for (const client of clients) client.reset();
    await eventually('descriptors back', async () => (await server.descriptors()) <= before);
    expect(await home()).toBe('home');
  }
  expect(server.running()).toBe(true);
});
