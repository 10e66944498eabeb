import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ResponseBody } from '@webserv/server';
import { isAtHand, piecesOf } from './content.js';
import type { Coder } from './encodings.js';

/**
 * A body, compressed as it comes. It is read no faster than the compressed one is taken; what a slow one has given so
 * far is sent on while it lets wait. Who stops reading, or never begins, ends both.
 * @param makeCoder called when the first piece is asked for
 * @param signal aborted when nobody will take more: who waits for a piece then need not wait for it
 */
export function encoded(
  body: ResponseBody,
  makeCoder: () => Coder,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () =>
      new EncodedPieces(piecesOf(body)[Symbol.asyncIterator](), !isAtHand(body), makeCoder, signal),
  };
}

/** Not a generator: `return()` of one waits for the piece that is asked for, which may never come. */
class EncodedPieces implements AsyncIterator<Uint8Array, undefined> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #mayWait: boolean;
  readonly #makeCoder: () => Coder;
  readonly #signal: AbortSignal;
  #coder: Coder | undefined;
  #pieces: AsyncIterator<Uint8Array> | undefined;
  #closed = false;

  constructor(
    source: AsyncIterator<Uint8Array>,
    mayWait: boolean,
    makeCoder: () => Coder,
    signal: AbortSignal,
  ) {
    this.#source = source;
    this.#mayWait = mayWait;
    this.#makeCoder = makeCoder;
    this.#signal = signal;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#closed) return { done: true, value: undefined };
    try {
      this.#pieces ??= this.#start();
      const piece = await this.#pieces.next();
      if (!piece.done) return piece;
    } catch (error) {
      this.#close();
      throw error;
    }
    this.#close();
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#close();
    return Promise.resolve({ done: true, value: undefined });
  }

  #start(): AsyncIterator<Uint8Array> {
    this.#signal.throwIfAborted();
    this.#signal.addEventListener('abort', this.#close, { once: true });
    const coder = this.#makeCoder();
    this.#coder = coder;
    // Who reads is told of it; when nobody reads any more, nobody is to fall over it.
    coder.transform.on('error', () => {});
    void feed(this.#source, coder, this.#mayWait);
    return coder.transform[Symbol.asyncIterator]();
  }

  /** The source is not waited for: one that lets wait would keep who stopped reading. */
  readonly #close = (): void => {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal.removeEventListener('abort', this.#close);
    this.#coder?.transform.destroy();
    Promise.resolve()
      .then(() => this.#source.return?.())
      .catch(() => {});
  };
}

/** Never rejects: a failure of the source becomes the coder's. */
async function feed(source: AsyncIterator<Uint8Array>, coder: Coder, mayWait: boolean): Promise<void> {
  const { transform } = coder;
  let held = false;
  try {
    for (;;) {
      const coming = source.next();
      const come = mayWait && held ? await soon(coming) : await coming;
      if (come === undefined) {
        coder.flush();
        held = false;
      }
      const { done, value } = come ?? (await coming);
      if (transform.destroyed) return;
      if (done) break;
      if (value.length === 0) continue;
      await written(coder, value);
      held = true;
    }
    transform.end();
  } catch (error) {
    transform.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

/** What has come within a turn of the event loop. */
function soon<T>(coming: Promise<T>): Promise<T | undefined> {
  return Promise.race([coming, nextTurn(undefined)]);
}

/**
 * Fulfilled when the coder is done with the piece, whose memory is the source's again then, and what came of it was
 * taken. Never when the coder is destroyed meanwhile: then nobody goes on.
 */
function written({ transform }: Coder, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    transform.write(piece, (error) => (error ? reject(error) : resolve()));
  });
}
