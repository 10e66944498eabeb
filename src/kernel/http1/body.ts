import { described } from '../hooks/guard.js';
import { HttpError } from '../http/errors.js';
import type { BodyReader, BoundedBody } from '../http/message.js';
import { ChunkedDecoder } from './chunked.js';
import type { Framing } from './framing.js';

/** Content that arrived before anybody asked for it. Beyond it the socket is paused: the memory of one connection. */
const HIGH_WATER = 256 * 1024;
/** What a piece costs beside its bytes, about: a client that sends single bytes must not fill the memory either. */
const PIECE_COST = 256;

/** What a body asks of the connection it comes by. */
export interface BodySource {
  /** Somebody waits for content: read on, after `100 Continue` if the client waits for that. */
  wanted(): void;
  /** More is buffered than was asked for. */
  full(): void;
}

interface Waiting {
  readonly resolve: (piece: Uint8Array | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** A request's content on its way from the socket to whoever reads it. */
export class IncomingBody implements BoundedBody {
  readonly length: number | undefined;
  readonly #source: BodySource;
  readonly #chunked: ChunkedDecoder | undefined;
  /** Bytes still to come by Content-Length. */
  #remaining: number;
  #received = 0;
  #limit = Number.POSITIVE_INFINITY;
  #pieces: Uint8Array[] = [];
  #buffered = 0;
  #waiting: Waiting | undefined;
  #error: Error | undefined;
  #discarding = false;
  #dropped = 0;
  #wanted = false;
  /** Which call reads it. */
  #takenBy: BodyReader | undefined;
  reader: BodyReader | undefined;

  constructor(framing: Exclude<Framing, { kind: 'none' }>, source: BodySource) {
    this.#source = source;
    this.length = framing.kind === 'length' ? framing.length : undefined;
    this.#remaining = framing.kind === 'length' ? framing.length : 0;
    this.#chunked = framing.kind === 'chunked' ? new ChunkedDecoder() : undefined;
  }

  /** True when the last byte has come from the socket, read by somebody or not. */
  get complete(): boolean {
    return this.#chunked === undefined ? this.#remaining === 0 : this.#chunked.done;
  }

  get received(): number {
    return this.#received;
  }

  get awaited(): boolean {
    return this.#waiting !== undefined;
  }

  /** How many bytes are still to come, or for a chunked body how many came for nothing: what draining would take. */
  get excess(): number {
    return this.#chunked === undefined ? this.#remaining : this.#dropped;
  }

  get failed(): boolean {
    return this.#error !== undefined;
  }

  /** True once somebody has read from it. */
  get wanted(): boolean {
    return this.#wanted;
  }

  restrict(limit: number): void {
    this.#limit = Math.min(this.#limit, limit);
    const known = this.length ?? this.#received;
    if (known > this.#limit) this.fail(tooLarge());
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#read(this.reader);
  }

  #read(reader: BodyReader | undefined): Promise<Uint8Array | undefined> {
    this.#takenBy ??= reader;
    if (reader !== this.#takenBy) return Promise.reject(alreadyRead(this.#takenBy));
    this.#wanted = true;
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      this.#buffered -= piece.length + PIECE_COST;
      return Promise.resolve(piece);
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.complete) return Promise.resolve(undefined);
    if (this.#discarding) return Promise.reject(exchangeEnded());
    if (this.#waiting !== undefined)
      return Promise.reject(new Error('the body is read by somebody else already'));
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#source.wanted();
    });
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const { reader } = this;
    for (let piece = await this.#read(reader); piece !== undefined; piece = await this.#read(reader))
      yield piece;
  }

  /**
   * Takes what came from the socket.
   * @returns the position behind the content's last byte; bytes from there on are the next request's
   * @throws HttpError 400 for broken chunked coding, which is also what the reader gets
   */
  push(bytes: Buffer, start: number): number {
    if (this.#chunked === undefined) {
      const end = Math.min(bytes.length, start + this.#remaining);
      this.#remaining -= end - start;
      this.#deliver(bytes.subarray(start, end));
      return end;
    }
    try {
      const { length, end } = this.#chunked.decode(bytes, start);
      this.#deliver(bytes.subarray(start, start + length));
      return end;
    } catch (error) {
      if (error instanceof Error) this.fail(error);
      throw error;
    }
  }

  /** The exchange has ended: what comes is counted and dropped, and who still reads is told so. */
  discard(): void {
    this.#discarding = true;
    this.#pieces = [];
    this.#buffered = 0;
    this.#waiting?.reject(exchangeEnded());
    this.#waiting = undefined;
  }

  /** The content cannot be had in full. What came before the fault can still be read. */
  fail(error: Error): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  #deliver(piece: Uint8Array): void {
    this.#received += piece.length;
    if (this.#received > this.#limit) this.fail(tooLarge());
    const waiting = this.#waiting;
    if (this.#discarding) this.#dropped += piece.length;
    if (this.#discarding || this.#error !== undefined) return;
    if (waiting !== undefined && (piece.length > 0 || this.complete)) {
      this.#waiting = undefined;
      waiting.resolve(piece.length > 0 ? piece : undefined);
      return;
    }
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#buffered += piece.length + PIECE_COST;
    if (this.#buffered >= HIGH_WATER) this.#source.full();
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
  return new HttpError(413, { reason: 'request content too large' });
}
