import type { Clock } from './clock.js';
import type { Departing, Departures } from './departures.js';
import { ClientGone, type Sink } from './send.js';
import type { Transport } from './transport.js';

/** So many bytes of answers wait for each other; a larger one waits alone. */
const MAX_GATHERED = 64 * 1024;
/** Pieces are copied into one buffer up to this size in all; beyond it they are handed over as they are. */
const MAX_JOINED = 128 * 1024;

/**
 * What is on its way to the client. Bytes gathered in one turn of the event loop leave at its end, in one write: a write
 * is more than half of what a small answer costs.
 */
export class Outbox implements Sink, Departing {
  /** By when the client must have taken what it was sent, on the clock's scale; Infinity when it has. */
  takeBy = Number.POSITIVE_INFINITY;
  /** Bytes of content that were handed over piece by piece; whoever begins an answer sets it to 0. */
  contentSent = 0;
  onLeave: (() => void) | undefined;
  readonly #socket: Transport;
  readonly #clock: Clock;
  readonly #sendTimeout: number;
  readonly #departures: Departures;
  #closed = false;
  #gathered: Uint8Array[] = [];
  #size = 0;
  /** Set when nothing comes behind what is gathered: called when the system has all of it. */
  #ended: (() => void) | undefined;

  /** @param sendTimeout milliseconds to take a piece */
  constructor(socket: Transport, clock: Clock, departures: Departures, sendTimeout: number) {
    this.#socket = socket;
    this.#clock = clock;
    this.#departures = departures;
    this.#sendTimeout = sendTimeout;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The system has all there was. */
  get isEmpty(): boolean {
    return this.#gathered.length === 0 && this.#socket.writableLength === 0;
  }

  /** The client has gone. */
  close(): void {
    this.#closed = true;
    this.onLeave?.();
  }

  /** True when the client does not take what it was sent: `drain` follows, or the send timeout. */
  get blocked(): boolean {
    // needDrain alone says only that a write was large; what the system took at once is not waiting.
    return this.#socket.writableNeedDrain && this.#socket.writableLength > 0;
  }

  /** Has bytes sent at the end of this turn of the event loop. They must not change any more. */
  gather(bytes: Uint8Array): void {
    if (this.#size > 0 && this.#size + bytes.length > MAX_GATHERED) this.leave();
    this.#depart();
    this.#gathered.push(bytes);
    this.#size += bytes.length;
  }

  /** Ends our side of the connection behind what is gathered. @param ended called when the system has all of it */
  end(ended: () => void): void {
    this.#expectTaken();
    this.#depart();
    this.#ended = () => {
      this.takeBy = Number.POSITIVE_INFINITY;
      ended();
    };
  }

  #depart(): void {
    // With something gathered it waits to leave already.
    if (this.#size === 0) this.#departures.add(this);
  }

  /** Sends what is gathered; from then on the client has its time to take it. */
  leave(): void {
    if (this.#closed) return;
    this.#send();
    if (this.#ended !== undefined) {
      this.#socket.end(this.#ended);
      this.#ended = undefined;
    } else if (this.takeBy === Number.POSITIVE_INFINITY && this.blocked) this.#expectTaken();
  }

  async write(piece: Uint8Array, content = piece.length): Promise<void> {
    this.contentSent += content;
    this.#expectTaken();
    this.#gathered.push(piece);
    this.#size += piece.length;
    await new Promise<void>((resolve, reject) => {
      this.#send((error) => (error ? reject(new ClientGone(error)) : resolve()));
    });
    this.takeBy = Number.POSITIVE_INFINITY;
  }

  #expectTaken(): void {
    this.takeBy = this.#clock.now + this.#sendTimeout;
  }

  /** @param taken called when the system has the bytes, with an error when it never will */
  #send(taken?: (error?: Error | null) => void): void {
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

  #writeTogether(pieces: readonly Uint8Array[], taken?: (error?: Error | null) => void): void {
    this.#socket.cork();
    pieces.forEach((piece, index) => {
      this.#socket.write(piece, index === pieces.length - 1 ? taken : undefined);
    });
    this.#socket.uncork();
  }
}
