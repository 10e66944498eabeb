import { BodyQueue, type BodySource } from '../http/body-queue.js';
import { ChunkedDecoder } from './chunked.js';
import type { Framing } from './framing.js';

/** Finds the end of a request's body in the bytes of its connection (RFC 9112 §6), and queues the bytes before it. */
export class FramedBody {
  /** The queue that readers of the request use. */
  readonly queue: BodyQueue;
  readonly #chunked: ChunkedDecoder | undefined;
  /** Bytes not received yet, by Content-Length. */
  #remaining: number;

  constructor(framing: Exclude<Framing, { kind: 'none' }>, source: BodySource) {
    const length = framing.kind === 'length' ? framing.length : undefined;
    this.queue = new BodyQueue(source, length);
    this.#remaining = length ?? 0;
    this.#chunked = framing.kind === 'chunked' ? new ChunkedDecoder() : undefined;
  }

  /** True when the last byte has arrived, whether or not it was read. */
  get complete(): boolean {
    return this.#chunked === undefined ? this.#remaining === 0 : this.#chunked.done;
  }

  /**
   * Bytes not received yet; for a chunked body the bytes that were discarded. It is the cost of keeping the connection.
   */
  get excess(): number {
    return this.#chunked === undefined ? this.#remaining : this.queue.dropped;
  }

  /**
   * Processes bytes from the socket.
   * @returns the position after the body's last byte; bytes from there on belong to the next request
   * @throws HttpError 400 for invalid chunked coding; the reader gets the same error
   */
  push(bytes: Buffer, start: number): number {
    if (this.#chunked === undefined) {
      const end = Math.min(bytes.length, start + this.#remaining);
      this.#remaining -= end - start;
      this.queue.deliver(bytes.subarray(start, end), this.#remaining === 0);
      return end;
    }
    try {
      const { length, end } = this.#chunked.decode(bytes, start);
      this.queue.deliver(bytes.subarray(start, start + length), this.#chunked.done);
      return end;
    } catch (error) {
      if (error instanceof Error) this.queue.fail(error);
      throw error;
    }
  }
}
