import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCommand } from '../hostile/command.js';
import { Health } from '../hostile/health.js';
import { type Figure, Verdict } from './verdict.js';

const ENTRIES = 10_000;
/** Size in bytes of the file that is compressed while it is sent. */
const LARGE = 12_000_000;
const MAX_MEDIAN_MS = 100;
const MAX_MEMORY_MB = 400;
/** Number of files written in parallel while the site is created. */
const BATCH = 500;
/** Number of slow readers that connect at the same time. */
const CONNECTING = 50;
/** Time for the server to recover after all requests were sent, in milliseconds. */
const PATIENCE_MS = 60_000;

export interface ListingsOptions {
  /** Number of concurrent requests for the listing, each on its own connection. */
  readonly requests: number;
  /** Number of clients that request a compressed body and do not read it. */
  readonly readers: number;
  /** How often the listing is requested. */
  readonly rounds: number;
}

const text = (): string =>
  Array.from({ length: LARGE / 8 }, (_, index) => `${(index * 2_654_435_761) % 9_999_991} `)
    .join('')
    .slice(0, LARGE);

function ask(port: number, target: string, fields: string): Socket {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
  return socket;
}

/** Requests a compressed body and stops reading after the header section. */
async function slowReader(port: number): Promise<Socket> {
  const socket = ask(port, '/large.txt', 'Accept-Encoding: br, gzip\r\n');
  await new Promise((resolve) => socket.once('data', resolve).once('close', resolve));
  socket.pause();
  return socket;
}

/** @returns the status; 0 for an incomplete response */
function listing(port: number): Promise<number> {
  return new Promise((resolve) => {
    const socket = ask(port, '/many/', 'Connection: close\r\n');
    let status = 0;
    let missing = Number.NaN;
    socket.once('data', (first: Buffer) => {
      const start = first.toString('latin1', 0, 2000);
      status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(start)?.[1]);
      missing = start.indexOf('\r\n\r\n') + 4 + Number(/\r\nContent-Length: (\d+)\r\n/i.exec(start)?.[1]);
      socket.on('data', (piece: Buffer) => {
        missing -= piece.length;
      });
      missing -= first.length;
    });
    socket.on('close', () => resolve(missing === 0 ? status : 0));
  });
}

/**
 * Many clients request the listing of a large directory, while others keep compressed responses that they do not read.
 * Another client is served meanwhile, and memory stays bounded.
 */
export async function listings({ requests, readers, rounds }: ListingsOptions): Promise<readonly Figure[]> {
  const conf = 'server { listen LISTEN; root www; compress on; location /many { autoindex on; } }';
  await using server = await startCommand(conf, {
    'www/index.html': 'home',
    'www/large.txt': text(),
    'www/many/0.txt': '',
  });
  for (let start = 1; start < ENTRIES; start += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, ENTRIES - start) }, (_, index) => start + index);
    const path = (number: number): string => join(server.directory, `www/many/entry-${number}.txt`);
    await Promise.all(numbers.map((number) => writeFile(path(number), '')));
  }
  const health = new Health(server);
  const slow: Socket[] = [];
  while (slow.length < readers) {
    // A few at a time: a connection that does not fit into the system's queue is retried only after seconds.
    const batch = Math.min(CONNECTING, readers - slow.length);
    slow.push(...(await Promise.all(Array.from({ length: batch }, () => slowReader(server.port)))));
  }
  const statuses: number[] = [];
  const began = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    statuses.push(...(await Promise.all(Array.from({ length: requests }, () => listing(server.port)))));
  }
  const took = performance.now() - began;
  await sleep(1000);
  await health.stop();
  for (const socket of slow) socket.resetAndDestroy();
  const { visits } = health;
  const verdict = new Verdict();
  verdict.tell(
    'listings sent',
    `${statuses.filter((status) => status === 200).length} of ${statuses.length}`,
  );
  verdict.none(
    'listings neither sent nor 503',
    statuses.filter((status) => status !== 200 && status !== 503).length,
  );
  verdict.below('duration of all', took, PATIENCE_MS * rounds, ' ms');
  verdict.none('GET / meanwhile, failed', health.failedVisits);
  verdict.below(
    'GET / meanwhile, median',
    visits[Math.floor(visits.length / 2)] ?? Number.NaN,
    MAX_MEDIAN_MS,
    ' ms',
  );
  verdict.tell('GET / meanwhile, longest', `${visits.at(-1)?.toFixed(0)} ms`);
  verdict.below('memory, maximum', health.peak / 1e6, MAX_MEMORY_MB, ' MB');
  verdict.expect('exit', String(await server.end('SIGTERM')), '0');
  return verdict.close();
}
