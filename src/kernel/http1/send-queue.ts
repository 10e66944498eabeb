import { ClientGone } from '../http/client-gone.js';
import type { Sink } from '../net/send-body.js';
import type { Timeouts } from '../net/timeouts.js';
import type { Transport } from '../net/transport.js';
import type { Flushable, WriteBatch } from '../net/write-batch.js';
import { TransferWait } from './transfer-wait.js';
import { turnShare } from './turn-share.js';

/** So many bytes of answers wait for each other; a larger one waits alone. */
const MAX_GATHERED = 64 * 1024;
/** Pieces are copied into one buffer up to this size in all; beyond it they are handed over as they are. */
const MAX_JOINED = 128 * 1024;

/**
 * What is on its way to the client. Bytes gathered in one turn of the event loop leave at its end, in one write: a write
 * is more than half of what a small answer costs.
 */
export class SendQueue implements Sink, Flushable {
  /** By when the client must have taken what it was sent, on the scale of `timeouts.now`; Infinity when it has. */
  sendDeadline = Number.POSITIVE_INFINITY;
  /** Bytes of content of this answer that were handed over piece by piece. */
  contentSent = 0;
  onAbort: (() => void) | undefined;
  readonly #transport: Transport;
  readonly #stream: Transport['stream'];
  readonly #timeouts: Timeouts;
  readonly #sendTimeout: number;
  readonly #wait: TransferWait;
  /** Bytes handed to the system since the answer began. */
  #handed = 0;
  /** Of these, how many it had not taken when that was last looked at. */
  #untaken = 0;
  readonly #writeBatch: WriteBatch;
  #closed = false;
  #gathered: Uint8Array[] = [];
  #size = 0;
  /** Set when nothing comes behind what is gathered: called when the system has all of it. */
  #ended: (() => void) | undefined;

  /**
   * @param sendTimeout milliseconds in which something has to be taken
   * @param minRate bytes a second to be taken of an answer that waits for its client longer than that; 0 for none
   */
  constructor(
    transport: Transport,
    timeouts: Timeouts,
    writeBatch: WriteBatch,
    { sendTimeout, sendMinRate }: { readonly sendTimeout: number; readonly sendMinRate: number },
  ) {
    this.#transport = transport;
    this.#stream = transport.stream;
    this.#timeouts = timeouts;
    this.#writeBatch = writeBatch;
    this.#sendTimeout = sendTimeout;
    this.#wait = new TransferWait(sendMinRate);
  }

  /** An answer begins: the client's rate counts from here. */
  begin(): void {
    this.contentSent = 0;
    // What is still on its way counts for the client's time, too.
    if (this.sendDeadline !== Number.POSITIVE_INFINITY) return;
    this.#handed = 0;
    this.#wait.reset();
  }

  /** The client has taken all that was handed over: no time runs. */
  taken(): void {
    if (this.sendDeadline === Number.POSITIVE_INFINITY) return;
    this.sendDeadline = Number.POSITIVE_INFINITY;
    this.#wait.end(this.#timeouts.now);
  }

  /**
   * The client's time is over.
   * @returns true when it has taken something meanwhile, and not too slowly: then it has more time
   */
  prolong(): boolean {
    const before = this.#untaken;
    if (this.#transport.untaken >= before) return false;
    this.#armSendTimeout();
    return this.sendDeadline > this.#timeouts.now;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The system has all there was. */
  get isEmpty(): boolean {
    return this.#gathered.length === 0 && this.#stream.writableLength === 0;
  }

  /** The client has gone. */
  close(): void {
    this.#closed = true;
    this.onAbort?.();
  }

  /** True when the client does not take what it was sent: `drain` follows, or the send timeout. */
  get blocked(): boolean {
    // needDrain alone says only that a write was large; what the system took at once is not waiting.
    return this.#stream.writableNeedDrain && this.#stream.writableLength > 0;
  }

  /** Has bytes sent at the end of this turn of the event loop. They must not change any more. */
  enqueue(bytes: Uint8Array): void {
    if (this.#size > 0 && this.#size + bytes.length > MAX_GATHERED) this.flush();
    this.#schedule();
    this.#gathered.push(bytes);
    this.#size += bytes.length;
  }

  /** Ends our side of the connection behind what is gathered. @param ended called when the system has all of it */
  end(ended: () => void): void {
    this.#armSendTimeout();
    this.#schedule();
    this.#ended = () => {
      this.taken();
      ended();
    };
  }

  #schedule(): void {
    // With something gathered it waits to leave already.
    if (this.#size === 0) this.#writeBatch.schedule(this);
  }

  /** Sends what is gathered; from then on the client has its time to take it. */
  flush(): void {
    if (this.#closed) return;
    this.#send();
    if (this.#ended !== undefined) {
      this.#stream.end(this.#ended);
      this.#ended = undefined;
      this.#armSendTimeout();
    } else if (this.sendDeadline === Number.POSITIVE_INFINITY && this.blocked) this.#armSendTimeout();
  }

  async write(piece: Uint8Array, content = piece.length): Promise<void> {
    const turn = turnShare.take(piece.length);
    if (turn !== undefined) {
      await turn;
      if (this.#closed) throw new ClientGone();
    }
    this.contentSent += content;
    this.#gathered.push(piece);
    this.#size += piece.length;
    await new Promise<void>((resolve, reject) => {
      this.#send((error) => (error ? reject(new ClientGone(error)) : resolve()));
      this.#armSendTimeout();
    });
    this.taken();
  }

  #armSendTimeout(): void {
    const { now } = this.#timeouts;
    this.#wait.end(now);
    this.#untaken = this.#transport.untaken;
    this.sendDeadline = now + this.#wait.begin(now, this.#handed - this.#untaken, this.#sendTimeout);
  }

  /** @param taken called when the system has the bytes, with an error when it never will */
  #send(taken?: (error?: Error | null) => void): void {
    const gathered = this.#gathered;
    const size = this.#size;
    const [first] = gathered;
    if (first === undefined) return;
    this.#gathered = [];
    this.#size = 0;
    this.#handed += size;
    if (gathered.length === 1) this.#stream.write(first, taken);
    else if (size <= MAX_JOINED) this.#stream.write(Buffer.concat(gathered, size), taken);
    else this.#writeTogether(gathered, taken);
  }

  #writeTogether(pieces: readonly Uint8Array[], taken?: (error?: Error | null) => void): void {
    this.#stream.cork();
    pieces.forEach((piece, index) => {
      this.#stream.write(piece, index === pieces.length - 1 ? taken : undefined);
    });
    this.#stream.uncork();
  }
}
