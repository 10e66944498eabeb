import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ResponseBody, WorkLimit } from '@webserv/server';
import type { Coder } from './coder.js';
import { isAtHand, piecesOf } from './content.js';

export interface EncodingOptions {
  /** Called when the first piece is requested. */
  readonly makeCoder: () => Coder;
  /** Aborted when no more output will be read: a pending read then resolves immediately. */
  readonly signal: AbortSignal;
  /** Limits concurrent work of the coders; without it there is no limit. */
  readonly turns?: WorkLimit | undefined;
  /** Called once, when no more pieces will be requested. */
  readonly closed?: (() => void) | undefined;
}

/**
 * Compresses a body while it is read. The source is read no faster than the compressed output; while a slow source
 * pauses, the output so far is flushed. When the reader stops, or never begins, both end.
 */
export function encoded(body: ResponseBody, options: EncodingOptions): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () =>
      new EncodedPieces(piecesOf(body)[Symbol.asyncIterator](), !isAtHand(body), options),
  };
}

const DONE = { done: true, value: undefined } as const;

/** Not a generator, because return() of a generator waits for the pending piece, which may never come. */
class EncodedPieces implements AsyncIterator<Uint8Array, undefined> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #mayWait: boolean;
  readonly #options: EncodingOptions;
  /** Aborted at the end, to cancel waiting for a slot. */
  readonly #ending = new AbortController();
  #coder: Coder | undefined;
  /** Pending read of the source. */
  #coming: Promise<IteratorResult<Uint8Array>> | undefined;
  /** The coder holds output that the reader has not received. */
  #holds = false;
  #ended = false;
  /** Resolves the pending next() as done. */
  #giveUp: (() => void) | undefined;

  constructor(source: AsyncIterator<Uint8Array>, mayWait: boolean, options: EncodingOptions) {
    this.#source = source;
    this.#mayWait = mayWait;
    this.#options = options;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    return new Promise((resolve, reject) => {
      this.#giveUp = () => resolve(DONE);
      this.#next().then(resolve, reject);
    });
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#close();
    return Promise.resolve(DONE);
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      while (!this.#closed && !this.#ended) {
        const value = await this.#advance();
        if (value.length > 0) return { done: false, value };
      }
    } catch (error) {
      if (this.#closed) return DONE;
      this.#giveUp = undefined;
      this.#close();
      throw error;
    }
    this.#close();
    return DONE;
  }

  /** Feeds the coder one step. @returns its output; may be empty */
  async #advance(): Promise<Uint8Array> {
    const coder = this.#start();
    this.#coming ??= this.#source.next();
    const come = this.#mayWait && this.#holds ? await soon(this.#coming) : await this.#coming;
    if (come === undefined) {
      this.#holds = false;
      return this.#inTurn(() => coder.flush());
    }
    this.#coming = undefined;
    if (come.done) {
      this.#ended = true;
      return this.#inTurn(() => coder.end());
    }
    if (come.value.length === 0) return come.value;
    this.#holds = true;
    return this.#inTurn(() => coder.write(come.value));
  }

  #start(): Coder {
    if (this.#coder !== undefined) return this.#coder;
    this.#options.signal.throwIfAborted();
    this.#options.signal.addEventListener('abort', this.#close, { once: true });
    this.#coder = this.#options.makeCoder();
    return this.#coder;
  }

  async #inTurn(work: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const release = await this.#options.turns?.acquire(this.#ending.signal);
    try {
      this.#ending.signal.throwIfAborted();
      return await work();
    } finally {
      release?.();
    }
  }

  get #closed(): boolean {
    return this.#ending.signal.aborted;
  }

  /** Does not wait for the source: a stalled source would keep the reader from ending. */
  readonly #close = (): void => {
    if (this.#closed) return;
    this.#ending.abort();
    this.#options.signal.removeEventListener('abort', this.#close);
    this.#coder?.destroy();
    this.#giveUp?.();
    this.#options.closed?.();
    Promise.resolve()
      .then(() => this.#source.return?.())
      .catch(() => {});
  };
}

/** Returns the value if it arrives within one turn of the event loop. */
function soon<T>(coming: Promise<T>): Promise<T | undefined> {
  return Promise.race([coming, nextTurn(undefined)]);
}
