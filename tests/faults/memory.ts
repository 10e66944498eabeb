import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type RunningCommand, startCommand } from '../hostile/command.js';

/**
 * Measures a worker's memory with many connections in one state: `npm run memory`. Prints the table in
 * docs/operations.md. The connections use a UNIX socket, for which the system buffers 200 KB, not megabytes.
 */

interface State {
  readonly name: string;
  /** Bytes that each connection sends, as one character a byte. */
  readonly sends: string;
  /** False for a client that does not read its response. */
  readonly reads: boolean;
}

const KIB = 1024;
const BATCH = 200;
/** Size in bytes of the site's large files: more than the system's buffers hold. */
const BIG = 1024 ** 3;
const TEXT = 12_000_000;
const FIELDS = 'Host: a\r\n';

const get = (target: string, fields = ''): string => `GET ${target} HTTP/1.1\r\n${FIELDS}${fields}\r\n`;
const post = (target: string): string =>
  `POST ${target} HTTP/1.1\r\n${FIELDS}Content-Length: 1000000000\r\n\r\n${'b'.repeat(64 * KIB)}`;

const states: readonly State[] = [
  { name: 'idle, kept after a response', sends: get('/'), reads: true },
  {
    name: 'an incomplete header section of 15 KiB',
    sends: `GET / HTTP/1.1\r\n${FIELDS}${`X-Field: ${'h'.repeat(1000)}\r\n`.repeat(15)}`,
    reads: true,
  },
  { name: 'an incomplete body that is read', sends: post('/take'), reads: true },
  { name: 'an incomplete body that is not read yet, 64 KiB sent', sends: post('/never'), reads: true },
  {
    name: 'pipelined: a pending response, followed by 100 KiB of requests',
    sends: get('/never') + get(`/?${'p'.repeat(4000)}`).repeat(25),
    reads: true,
  },
  { name: 'slow, a file of 1 GiB', sends: get('/big'), reads: false },
  { name: 'slow, a file in memory', sends: get('/kept.bin'), reads: false },
  {
    name: 'slow, several ranges of a file of 1 GiB',
    sends: get('/big', 'Range: bytes=0-99999999,200000000-299999999\r\n'),
    reads: false,
  },
  { name: 'slow, compressed', sends: get('/large.txt', 'Accept-Encoding: br, gzip\r\n'), reads: false },
  { name: 'slow, a listing of 5,000 entries', sends: get('/many/'), reads: false },
];

const plugin = `
import { definePlugin, Stage } from '@webserv/server';
export default definePlugin({
  name: 'never',
  apply: ({ hooks }) =>
    hooks.onRoute.tapPromise({ stage: Stage.handler, methods: ['GET', 'POST'] }, ({ request, signal }) =>
      request.path === '/never'
        ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        : Promise.resolve(undefined),
    ),
});
`;

const conf = `load_plugin ./never.mjs;
plugin_timeout 10m;
max_connections 20000;
server {
  listen LISTEN;
  listen unix:web.sock;
  root www;
  compress on;
  send_timeout 10m;
  client_header_timeout 10m;
  client_body_timeout 10m;
  client_max_body_size 0;
  location = /take { return 200 taken; }
  location /many { autoindex on; }
}
`;

async function makeSite(): Promise<RunningCommand> {
  const number = (index: number): string => String((index * 2_654_435_761) % 9_999_991);
  const server = await startCommand(conf, {
    'never.mjs': plugin,
    'www/index.html': 'home',
    'www/kept.bin': Buffer.alloc(KIB * KIB, 'k'),
    'www/large.txt': Array.from({ length: TEXT / 8 }, (_, index) => `${number(index)} `).join(''),
    'www/big': '',
    ...Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`www/many/${index}.txt`, ''])),
  });
  await using file = await open(join(server.directory, 'www/big'), 'r+');
  await file.truncate(BIG);
  await sleep(1500); // recently changed files are not cached
  return server;
}

/** A UNIX socket whose queue of new connections is full refuses immediately, so the connection is retried. */
async function connected(path: string): Promise<Socket> {
  for (;;) {
    const socket = connect({ path });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
    if (!socket.destroyed) return socket;
    await sleep(50);
  }
}

/** Opens a connection in a state. Settles when the server can have received everything. */
async function enter(path: string, { sends, reads }: State): Promise<Socket> {
  const socket = await connected(path);
  if (reads) socket.resume();
  else socket.once('data', () => socket.pause());
  socket.write(Buffer.from(sends, 'latin1'));
  return socket;
}

async function measure(state: State, count: number): Promise<string> {
  await using server = await makeSite();
  const path = join(server.directory, 'web.sock');
  const warm = await enter(path, { ...state, reads: true });
  await sleep(500);
  warm.destroy();
  await sleep(500);
  const idle = await server.memory();
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Math.min(BATCH, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => enter(path, state)))));
    await sleep(20);
  }
  let most = 0;
  for (let look = 0; look < 12; look += 1) {
    most = Math.max(most, await server.memory());
    await sleep(250);
  }
  const open = sockets.filter((socket) => !socket.closed).length;
  for (const socket of sockets) socket.destroy();
  const over = most - idle;
  const lost = open < count ? ` (${count - open} were closed)` : '';
  return `| ${state.name}${lost} | ${(over / 1e6).toFixed(0)} MB | ${(over / count / KIB).toFixed(1)} KiB |`;
}

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '10000' },
    only: { type: 'string', default: '' },
  },
});
const count = Number(values.connections);
if (!Number.isInteger(count) || count < 1)
  throw new Error('usage: npm run memory -- [--connections N] [--only WORD]');
console.log(`| ${count} connections | over the idle worker | each |\n|---|---|---|`);
for (const state of states) {
  if (state.name.includes(values.only)) console.log(await measure(state, count));
}
