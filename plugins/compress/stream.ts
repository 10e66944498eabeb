import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FileSlice, ResponseBody } from '@webserv/server';
import type { Coder } from './encodings.js';

const PIECE = 64 * 1024;

async function* fileContent({ file, start, end }: FileSlice): AsyncGenerator<Uint8Array> {
  for (let position = start; position < end; ) {
    // The coder keeps a piece until it is done with it: each has memory of its own.
    const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE, end - position));
    const length = await file.read(buffer, buffer.length, position);
    if (length === 0) throw new Error(`${file.path} became shorter while it was sent`);
    position += length;
    yield buffer.subarray(0, length);
  }
}

async function* bytesOf(body: string | Uint8Array): AsyncGenerator<Uint8Array> {
  yield typeof body === 'string' ? Buffer.from(body) : body;
}

export function contentOf(body: ResponseBody): AsyncIterable<Uint8Array> {
  if (typeof body === 'string' || body instanceof Uint8Array) return bytesOf(body);
  return 'file' in body ? fileContent(body) : body;
}

/**
 * A body, compressed as it comes. It is read no faster than the compressed one is taken; what a slow one has given so far
 * is sent on while it lets wait. Whoever stops reading ends both.
 */
export async function* encoded(source: AsyncIterable<Uint8Array>, coder: Coder): AsyncGenerator<Uint8Array> {
  const { transform } = coder;
  const iterator = source[Symbol.asyncIterator]();
  const feeding = feed(iterator, coder).catch((error: unknown) => {
    transform.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const piece of transform) yield piece;
  } finally {
    transform.destroy();
    // Not waited for: a source that lets wait would keep who stopped reading.
    void feeding.then(() => iterator.return?.()).catch(() => {});
  }
}

async function feed(iterator: AsyncIterator<Uint8Array>, coder: Coder): Promise<void> {
  const { transform } = coder;
  const closed = once(transform, 'close').then(() => undefined);
  closed.catch(() => {});
  for (;;) {
    const coming = iterator.next();
    const result = (await soon(coming)) ?? (await Promise.race([late(coming, coder), closed]));
    if (transform.destroyed || result === undefined) break;
    if (result.done) break;
    if (!transform.write(result.value)) await Promise.race([once(transform, 'drain'), closed]);
  }
  if (!transform.destroyed) transform.end();
}

/** What has come within a turn of the event loop. */
function soon<T>(coming: Promise<T>): Promise<T | undefined> {
  return Promise.race([coming, nextTurn(undefined)]);
}

/** While it is waited for, the client gets what there is. */
function late<T>(coming: Promise<T>, coder: Coder): Promise<T> {
  coder.flush();
  return coming;
}
