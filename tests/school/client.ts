import { type Agent, type IncomingHttpHeaders, request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Sending {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A body of unknown length is sent chunked, with each piece as a chunk. */
  readonly body?: Buffer | Iterable<Buffer>;
  readonly agent?: Agent;
}

/** Size of the pieces in which the exam sends a body. */
export const PIECE = 32_768;
/** A prime, so that no piece is like the one before it, and a lost or doubled piece shifts everything after it. */
const PERIOD = 65_521;

/**
 * Lower-case letters without a pattern, the same in every run, repeated once so that every piece is a slice of them.
 */
function letters(): Buffer {
  const once = Buffer.alloc(PERIOD);
  let state = 42;
  for (let index = 0; index < PERIOD; index += 1) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    once[index] = 97 + ((state >>> 8) % 26);
  }
  return Buffer.concat([once, once]);
}

const source = letters();
const upper = Buffer.from(source.toString('latin1').toUpperCase(), 'latin1');

/** `size` bytes of lower-case letters in pieces. */
export function* pieces(size: number): Generator<Buffer> {
  for (let offset = 0; offset < size; offset += PIECE) {
    const start = offset % PERIOD;
    yield source.subarray(start, start + Math.min(PIECE, size - offset));
  }
}

/** Whether `bytes`, found at `offset` of a response body, are the same letters in upper case. */
function isUpper(bytes: Buffer, offset: number): boolean {
  for (let done = 0; done < bytes.length; ) {
    const start = (offset + done) % PERIOD;
    const length = Math.min(PERIOD, bytes.length - done);
    if (bytes.compare(upper, start, start + length, done, done + length) !== 0) return false;
    done += length;
  }
  return true;
}

async function send<T>(
  port: number,
  path: string,
  sending: Sending,
  take: (status: number, headers: IncomingHttpHeaders, body: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  const { method = 'GET', headers = {}, body = Buffer.alloc(0), agent } = sending;
  const outgoing = request({ host: '127.0.0.1', port, path, method, headers, ...(agent && { agent }) });
  const answered = new Promise<T>((resolve, reject) => {
    outgoing.once('response', (response) => {
      take(response.statusCode ?? 0, response.headers, response).then(resolve, reject);
    });
    outgoing.once('error', reject);
  });
  if (Buffer.isBuffer(body)) outgoing.end(body);
  // The response may arrive before the body has been sent; an error of sending it afterwards does not matter.
  else pipeline(Readable.from(body, { objectMode: false, highWaterMark: PIECE }), outgoing).catch(() => {});
  return answered;
}

/** Sends a request and reads its whole response. */
export function exchange(port: number, path: string, sending: Sending = {}): Promise<Answer> {
  return send(port, path, sending, async (status, headers, body) => {
    const parts: Buffer[] = [];
    for await (const part of body) parts.push(part);
    return { status, headers, body: Buffer.concat(parts) };
  });
}

/** Also follows a redirect. */
export async function follow(port: number, path: string, sending: Sending = {}): Promise<Answer> {
  const answer = await exchange(port, path, sending);
  const { location } = answer.headers;
  if (answer.status !== 301 || location === undefined) return answer;
  return exchange(port, new URL(location, `http://127.0.0.1:${port}`).pathname, sending);
}

export interface Shout {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Size of the response body, in bytes. */
  readonly size: number;
  /** Whether the response is the sent body in upper case, byte by byte. */
  readonly correct: boolean;
}

/** POSTs `size` bytes in chunks and checks the response while it arrives; neither is ever held whole. */
export function shout(
  port: number,
  path: string,
  size: number,
  headers: Sending['headers'] = {},
): Promise<Shout> {
  const sending: Sending = {
    method: 'POST',
    headers: { 'transfer-encoding': 'chunked', ...headers },
    body: pieces(size),
  };
  return send(port, path, sending, async (status, answered, body) => {
    let received = 0;
    let correct = true;
    for await (const part of body) {
      correct &&= isUpper(part, received);
      received += part.length;
    }
    return { status, headers: answered, size: received, correct: correct && received === size };
  });
}
