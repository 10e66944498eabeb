import { ClientGone } from '../http/client-gone.js';
import type { Sink } from '../net/send-body.js';
import type { Timeouts } from '../net/timeouts.js';
import type { Transport } from '../net/transport.js';
import type { Flushable, WriteBatch } from '../net/write-batch.js';
import { BodyTimeout } from './body-timeout.js';
import { sendBudget } from './send-budget.js';

/** Maximum bytes of responses that are batched; a larger response is queued alone. */
const MAX_BATCH = 64 * 1024;
/** Maximum total size up to which pieces are copied into one buffer; larger ones are written as they are. */
const MAX_JOINED = 128 * 1024;

/**
 * Bytes on their way to the client. All bytes queued in one turn of the event loop are sent at its end, in one write: a
 * write is more than half of the cost of a small response.
 */
export class SendQueue implements Sink, Flushable {
  /** Deadline for the client to take the bytes sent, on the scale of `timeouts.now`; Infinity if it has taken all. */
  sendDeadline = Number.POSITIVE_INFINITY;
  /** Bytes of this response's body that were written piece by piece. */
  contentSent = 0;
  onAbort: (() => void) | undefined;
  readonly #transport: Transport;
  readonly #stream: Transport['stream'];
  readonly #timeouts: Timeouts;
  readonly #sendTimeout: number;
  readonly #timeout: BodyTimeout;
  /** Bytes handed to the system since the response began. */
  #written = 0;
  /** How many of these the system had not taken when last checked. */
  #untaken = 0;
  readonly #writeBatch: WriteBatch;
  #closed = false;
  #queued: Uint8Array[] = [];
  #size = 0;
  /** Set if nothing follows the queued bytes: called when the system has taken all of them. */
  #ended: (() => void) | undefined;

  /**
   * @param sendTimeout milliseconds within which the client must take some bytes
   * @param minRate minimum bytes per second for a response that has waited for its client longer than that; 0 for no
   *   minimum
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
    this.#timeout = new BodyTimeout(sendMinRate);
  }

  /** Called when a response begins: the client's rate is measured from here. */
  begin(): void {
    this.contentSent = 0;
    // Bytes of the previous response still on their way count too.
    if (this.sendDeadline !== Number.POSITIVE_INFINITY) return;
    this.#written = 0;
    this.#timeout.reset();
  }

  /** Called when the client has taken all bytes handed over: stops the send timeout. */
  taken(): void {
    if (this.sendDeadline === Number.POSITIVE_INFINITY) return;
    this.sendDeadline = Number.POSITIVE_INFINITY;
    this.#timeout.end(this.#timeouts.now);
  }

  /**
   * Called when the send deadline passes.
   * @returns true if the client has taken some bytes, and not too slowly: then the deadline was extended
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

  /** True if the system has taken all bytes. */
  get isEmpty(): boolean {
    return this.#queued.length === 0 && this.#stream.writableLength === 0;
  }

  /** Called when the client has closed the connection. */
  close(): void {
    this.#closed = true;
    this.onAbort?.();
  }

  /** True if the client does not take the bytes sent to it: `drain` follows, or the send timeout. */
  get blocked(): boolean {
    // needDrain alone only means that a write was large; bytes that the system took immediately are not waiting.
    return this.#stream.writableNeedDrain && this.#stream.writableLength > 0;
  }

  /** Queues bytes to be sent at the end of this turn of the event loop. The caller must not change them afterwards. */
  enqueue(bytes: Uint8Array): void {
    if (this.#size > 0 && this.#size + bytes.length > MAX_BATCH) this.flush();
    this.#schedule();
    this.#queued.push(bytes);
    this.#size += bytes.length;
  }

  /**
   * Ends our side of the connection after the queued bytes. @param ended called when the system has taken all of them
   */
  end(ended: () => void): void {
    this.#armSendTimeout();
    this.#schedule();
    this.#ended = () => {
      this.taken();
      ended();
    };
  }

  #schedule(): void {
    // With bytes queued it is scheduled already.
    if (this.#size === 0) this.#writeBatch.schedule(this);
  }

  /** Sends the queued bytes; from then on the client's send timeout runs. */
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
    const nextTurn = sendBudget.take(piece.length);
    if (nextTurn !== undefined) {
      await nextTurn;
      if (this.#closed) throw new ClientGone();
    }
    this.contentSent += content;
    this.#queued.push(piece);
    this.#size += piece.length;
    await new Promise<void>((resolve, reject) => {
      this.#send((error) => (error ? reject(new ClientGone(error)) : resolve()));
      this.#armSendTimeout();
    });
    this.taken();
  }

  #armSendTimeout(): void {
    const { now } = this.#timeouts;
    this.#timeout.end(now);
    this.#untaken = this.#transport.untaken;
    // Under TLS, the number of bytes that were not taken is an estimate.
    const taken = Math.max(0, this.#written - this.#untaken);
    this.sendDeadline = now + this.#timeout.begin(now, taken, this.#sendTimeout);
  }

  /** @param taken called when the system has taken the bytes, or with an error if it never will */
  #send(taken?: (error?: Error | null) => void): void {
    const queued = this.#queued;
    const size = this.#size;
    const [first] = queued;
    if (first === undefined) return;
    this.#queued = [];
    this.#size = 0;
    this.#written += size;
    if (queued.length === 1) this.#stream.write(first, taken);
    else if (size <= MAX_JOINED) this.#stream.write(Buffer.concat(queued, size), taken);
    else this.#writeTogether(queued, taken);
  }

  #writeTogether(pieces: readonly Uint8Array[], taken?: (error?: Error | null) => void): void {
    this.#stream.cork();
    pieces.forEach((piece, index) => {
      this.#stream.write(piece, index === pieces.length - 1 ? taken : undefined);
    });
    this.#stream.uncork();
  }
}
