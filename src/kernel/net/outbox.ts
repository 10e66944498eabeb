import { ClientGone } from './send.js';
import type { Transport } from './transport.js';

/** Answers up to this size are gathered and leave together; beyond it they are written at once. */
const MAX_GATHERED = 64 * 1024;
/** Pieces are copied into one buffer up to this size in all; beyond it they are handed over as they are. */
const MAX_JOINED = 128 * 1024;

/**
 * What is on its way to the client. Bytes gathered in one turn of the event loop leave in one write: a write is more
 * than half of what a small answer costs.
 */
export class Outbox {
  readonly #socket: Transport;
  #gathered: Uint8Array[] = [];
  #size = 0;

  constructor(socket: Transport) {
    this.#socket = socket;
  }

  /** True when the client does not take what it was sent: `drain` follows, or the send timeout. */
  get blocked(): boolean {
    // needDrain alone says only that a write was large; what the system took at once is not waiting.
    return this.#socket.writableNeedDrain && this.#socket.writableLength > 0;
  }

  /** Has bytes sent with the next `flush`. They must not change any more. */
  gather(bytes: Uint8Array): void {
    this.#gathered.push(bytes);
    this.#size += bytes.length;
    if (this.#size >= MAX_GATHERED) this.flush();
  }

  /** @param taken called when the system has the bytes, with an error when it never will */
  flush(taken?: (error?: Error | null) => void): void {
    const gathered = this.#gathered;
    const size = this.#size;
    const [first] = gathered;
    if (first === undefined) return;
    this.#gathered = [];
    this.#size = 0;
    if (gathered.length === 1) this.#socket.write(first, taken);
    else if (size <= MAX_JOINED) this.#socket.write(Buffer.concat(gathered, size), taken);
    else this.#writeTogether(gathered, taken);
  }

  /**
   * Sends a piece behind what was gathered. The piece may be changed again once the promise is fulfilled.
   * @throws ClientGone
   */
  write(piece: Uint8Array): Promise<void> {
    this.#gathered.push(piece);
    this.#size += piece.length;
    return new Promise((resolve, reject) => {
      this.flush((error) => (error ? reject(new ClientGone(error)) : resolve()));
    });
  }

  #writeTogether(pieces: readonly Uint8Array[], taken?: (error?: Error | null) => void): void {
    this.#socket.cork();
    pieces.forEach((piece, index) => {
      this.#socket.write(piece, index === pieces.length - 1 ? taken : undefined);
    });
    this.#socket.uncork();
  }
}
