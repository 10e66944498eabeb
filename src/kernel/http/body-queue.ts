import { HttpError } from './errors.js';
import type { BodyReader, BoundedBody, RequestBody } from './message.js';
import { described } from './tap-owner.js';

/**
 * Bytes that may arrive before they are read. Beyond it the source is paused: this bounds the memory of one request.
 */
const HIGH_WATER = 256 * 1024;
/** Approximate cost of a piece besides its bytes: a client that sends single bytes must not fill the memory either. */
const PIECE_COST = 256;

/** Flow control that a body requests from its connection or stream. */
export interface BodySource {
  /** A reader waits: read on, after sending `100 Continue` if the client waits for that. */
  wanted(): void;
  /** The buffer is full: stop reading for now. */
  full(): void;
}

interface Waiting {
  readonly resolve: (piece: Uint8Array | undefined) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A request's body, queued between the protocol that delivers it and the tap that reads it. It knows nothing of
 * framing: the protocol says which piece is the last.
 */
export class BodyQueue implements BoundedBody {
  readonly length: number | undefined;
  readonly readable: RequestBody = new ReadableBody(this);
  readonly #source: BodySource;
  #complete: boolean;
  #received = 0;
  #limit = Number.POSITIVE_INFINITY;
  #pieces: Uint8Array[] = [];
  #buffered = 0;
  #waiting: Waiting | undefined;
  #error: Error | undefined;
  #discarding = false;
  #dropped = 0;
  #wanted = false;
  /** The call that has read from the body. */
  #takenBy: BodyReader | undefined;
  reader: BodyReader | undefined;

  /** @param length in bytes, if the client declared it; undefined if only the end of the body shows it */
  constructor(source: BodySource, length: number | undefined) {
    this.#source = source;
    this.length = length;
    this.#complete = length === 0;
  }

  /** True when the last byte has arrived, whether or not it was read. */
  get complete(): boolean {
    return this.#complete;
  }

  get received(): number {
    return this.#received;
  }

  get awaited(): boolean {
    return this.#waiting !== undefined;
  }

  /** Bytes that arrived after `discard()`. */
  get dropped(): number {
    return this.#dropped;
  }

  get failed(): boolean {
    return this.#error !== undefined;
  }

  /** True once it has been read from. */
  get wanted(): boolean {
    return this.#wanted;
  }

  restrict(limit: number): void {
    this.#limit = Math.min(this.#limit, limit);
    const known = this.length ?? this.#received;
    if (known > this.#limit) this.fail(tooLarge());
  }

  /** @param reader the call that reads */
  read(reader: BodyReader | undefined): Promise<Uint8Array | undefined> {
    this.#takenBy ??= reader;
    if (reader !== this.#takenBy) return Promise.reject(alreadyRead(this.#takenBy));
    this.#wanted = true;
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      this.#buffered -= piece.length + PIECE_COST;
      return Promise.resolve(piece);
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#complete) return Promise.resolve(undefined);
    if (this.#discarding) return Promise.reject(exchangeEnded());
    if (this.#waiting !== undefined) return Promise.reject(new Error('another read of the body is pending'));
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#source.wanted();
    });
  }

  /**
   * Adds bytes that arrived.
   * @param piece may be empty if only the end arrived
   * @param isLast true if nothing follows
   */
  deliver(piece: Uint8Array, isLast: boolean): void {
    this.#complete = isLast;
    this.#received += piece.length;
    if (this.#received > this.#limit) this.fail(tooLarge());
    const waiting = this.#waiting;
    if (this.#discarding) this.#dropped += piece.length;
    if (this.#discarding || this.#error !== undefined) return;
    if (waiting !== undefined && (piece.length > 0 || isLast)) {
      this.#waiting = undefined;
      waiting.resolve(piece.length > 0 ? piece : undefined);
      return;
    }
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#buffered += piece.length + PIECE_COST;
    if (this.#buffered >= HIGH_WATER) this.#source.full();
  }

  /** Called when the exchange has ended: what arrives is counted and dropped, and pending reads fail. */
  discard(): void {
    this.#discarding = true;
    this.#pieces = [];
    this.#buffered = 0;
    this.#waiting?.reject(exchangeEnded());
    this.#waiting = undefined;
  }

  /** Called when the body cannot be received in full. What arrived before can still be read; then reads fail with `error`. */
  fail(error: Error): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

/** A body as plugins see it: what the protocol and the kernel do to the queue is out of their reach. */
class ReadableBody implements RequestBody {
  readonly #queue: BodyQueue;

  constructor(queue: BodyQueue) {
    this.#queue = queue;
  }

  get length(): number | undefined {
    return this.#queue.length;
  }

  get received(): number {
    return this.#queue.received;
  }

  get awaited(): boolean {
    return this.#queue.awaited;
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#queue.read(this.#queue.reader);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const queue = this.#queue;
    const { reader } = queue;
    for (let piece = await queue.read(reader); piece !== undefined; piece = await queue.read(reader))
      yield piece;
  }
}

function exchangeEnded(): Error {
  return new Error('the exchange has ended');
}

function alreadyRead(reader: BodyReader | undefined): Error {
  const by = reader === undefined ? '' : ` by ${described(reader.owner)}`;
  return new Error(`the body of the request has been read${by}: a body is read once, by one tap`);
}

function tooLarge(): HttpError {
  return new HttpError(413, { reason: 'request body too large' });
}
