import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCommand } from '../hostile/command.js';
import { Health } from '../hostile/health.js';
import { type Figure, Verdict } from './verdict.js';

const SIZE = 1024 ** 3;
/** The file begins with a pattern whose period is not that of any buffer; the rest is a hole of zeros. */
const PATTERN = Buffer.from(
  Array.from({ length: 4 * 1024 * 1024 }, (_, index) => (index * 2_654_435_761) >>> 24),
);
const ZEROS = Buffer.alloc(1024 * 1024);
const BOUND = 150_000_000;
/** Size and interval of a client's reads. */
const SIP = 64 * 1024;
const SIP_EVERY_MS = 250;

/** Requests the whole file, reads a little of it at a time, and checks what it reads. */
class SlowReader {
  received = 0;
  wrong = 0;
  ended = false;
  readonly #socket: Socket;
  #head = '';
  #inContent = false;
  #may = SIP;

  constructor(port: number) {
    const socket = connect({ host: '127.0.0.1', port });
    this.#socket = socket;
    socket.on('data', (piece) => this.#take(piece));
    socket.on('close', () => {
      this.ended = true;
    });
    socket.on('error', () => {});
    socket.write('GET /big HTTP/1.1\r\nHost: a\r\n\r\n');
  }

  sip(): void {
    this.#may = SIP;
    this.#socket.resume();
  }

  leave(): void {
    this.#socket.resetAndDestroy();
  }

  #take(piece: Buffer): void {
    this.#may -= piece.length;
    if (this.#may <= 0) this.#socket.pause();
    if (this.#inContent) this.#check(piece);
    else this.#takeHead(piece);
  }

  #takeHead(piece: Buffer): void {
    this.#head += piece.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return;
    this.#inContent = true;
    const isRight =
      this.#head.startsWith('HTTP/1.1 200 ') && this.#head.includes(`Content-Length: ${SIZE}\r\n`);
    if (!isRight) this.wrong += 1;
    this.#check(Buffer.from(this.#head.slice(end + 4), 'latin1'));
  }

  #check(content: Buffer): void {
    const inPattern = Math.max(0, Math.min(content.length, PATTERN.length - this.received));
    const start = Math.min(this.received, PATTERN.length);
    const patternIsRight = content.subarray(0, inPattern).equals(PATTERN.subarray(start, start + inPattern));
    const rest = content.subarray(inPattern);
    if (!patternIsRight || !rest.equals(ZEROS.subarray(0, rest.length))) this.wrong += 1;
    this.received += content.length;
  }
}

export interface SlowReadersOptions {
  readonly clients: number;
  readonly seconds: number;
}

/**
 * Many clients read a file of 1 GiB, each a few KiB now and then. The server's memory stays bounded, and it continues
 * to serve.
 */
export async function slowReaders({ clients, seconds }: SlowReadersOptions): Promise<readonly Figure[]> {
  await using server = await startCommand('server { listen LISTEN; root www; }', {
    'www/index.html': 'home',
    'www/big': PATTERN,
  });
  await using file = await open(join(server.directory, 'www/big'), 'r+');
  await file.truncate(SIZE);
  await (await fetch(`http://127.0.0.1:${server.port}/`)).text();
  const idle = await server.memory();
  const descriptors = await server.descriptors();
  const health = new Health(server);
  const readers = Array.from({ length: clients }, () => new SlowReader(server.port));
  const end = performance.now() + seconds * 1000;
  for (; performance.now() < end; await sleep(SIP_EVERY_MS)) for (const reader of readers) reader.sip();
  const stuck = readers.filter(({ received }) => received < SIP).length;
  const ended = readers.filter((reader) => reader.ended).length;
  for (const reader of readers) reader.leave();
  await health.stop();
  const { visits } = health;
  await sleep(1000);
  const verdict = new Verdict();
  verdict.tell('readers', clients);
  verdict.tell(
    'sent to them',
    `${(readers.reduce((sum, { received }) => sum + received, 0) / 1e6).toFixed(0)} MB`,
  );
  verdict.none('readers with wrong bytes', readers.filter(({ wrong }) => wrong > 0).length);
  verdict.none('readers that got nothing', stuck);
  verdict.none('readers that were disconnected', ended);
  verdict.tell('memory of the idle server', `${(idle / 1e6).toFixed(0)} MB`);
  verdict.below('memory above that, maximum', (health.peak - idle) / 1e6, BOUND / 1e6, ' MB');
  verdict.none('GET / meanwhile, failed', health.failedVisits);
  verdict.tell('GET / meanwhile, median', `${visits[Math.floor(visits.length / 2)]?.toFixed(1)} ms`);
  verdict.none('descriptors left', Math.max(0, (await server.descriptors()) - descriptors));
  verdict.expect('exit', String(await server.end('SIGTERM')), '0');
  return verdict.close();
}
