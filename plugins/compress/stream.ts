import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ResponseBody, WorkLimit } from '@webserv/server';
import type { Coder } from './coder.js';
import { isAtHand, piecesOf } from './content.js';

export interface EncodingOptions {
  /** Called when the first piece is asked for. */
  readonly makeCoder: () => Coder;
  /** Aborted when nobody will take more: who waits for a piece then need not wait for it. */
  readonly signal: AbortSignal;
  /** The coders' turns; without it none waits for another. */
  readonly turns?: WorkLimit | undefined;
  /** Called once, when no more pieces will be asked for. */
  readonly closed?: (() => void) | undefined;
}

/**
 * A body, compressed as it comes. It is read no faster than the compressed one is taken; what a slow one has given so
 * far is sent on while it lets wait. Who stops reading, or never begins, ends both.
 */
export function encoded(body: ResponseBody, options: EncodingOptions): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () =>
      new EncodedPieces(piecesOf(body)[Symbol.asyncIterator](), !isAtHand(body), options),
  };
}

const DONE = { done: true, value: undefined } as const;

/** Not a generator: `return()` of one waits for the piece that is asked for, which may never come. */
class EncodedPieces implements AsyncIterator<Uint8Array, undefined> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #mayWait: boolean;
  readonly #options: EncodingOptions;
  /** Aborted with the end of it all: a turn that is waited for is given up then. */
  readonly #ending = new AbortController();
  #coder: Coder | undefined;
  /** The source's next piece, which has been asked for. */
  #coming: Promise<IteratorResult<Uint8Array>> | undefined;
  /** The coder holds something that the reader has not got. */
  #holds = false;
  #ended = false;
  /** Ends the wait of whoever asks for a piece just now. */
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

  /** Brings the coder a step on. @returns what came of it; may be empty */
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

  /** The source is not waited for: one that lets wait would keep who stopped reading. */
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

/** What has come within a turn of the event loop. */
function soon<T>(coming: Promise<T>): Promise<T | undefined> {
  return Promise.race([coming, nextTurn(undefined)]);
}
