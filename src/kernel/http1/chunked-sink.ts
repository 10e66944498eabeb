import type { Sink } from '../net/send-body.js';

const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/** The last chunk with a trailer section behind it (RFC 9112 §7.1.2). */
function lastChunk(fields: Iterable<readonly [name: string, value: string]>): Buffer {
  let lines = '0\r\n';
  for (const [name, value] of fields) lines += `${name}: ${value}\r\n`;
  return Buffer.from(`${lines}\r\n`, 'latin1');
}

const CRLF = Buffer.from('\r\n');

/** Sends each piece as a chunk (RFC 9112 §7.1). */
export class ChunkedSink implements Sink {
  readonly #sink: Sink;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  get closed(): boolean {
    return this.#sink.closed;
  }

  get onAbort(): (() => void) | undefined {
    return this.#sink.onAbort;
  }

  set onAbort(abort: (() => void) | undefined) {
    this.#sink.onAbort = abort;
  }

  /** @param piece not empty: an empty chunk would end the body */
  write(piece: Uint8Array): Promise<void> {
    const size = Buffer.from(`${piece.length.toString(16)}\r\n`, 'latin1');
    return this.#sink.write(Buffer.concat([size, piece, CRLF]), piece.length);
  }

  /**
   * Sends the chunk that ends the body.
   * @param trailers undefined for none
   */
  async end(trailers: Iterable<readonly [name: string, value: string]> | undefined): Promise<void> {
    await this.#sink.write(trailers === undefined ? LAST_CHUNK : lastChunk(trailers), 0);
  }
}
