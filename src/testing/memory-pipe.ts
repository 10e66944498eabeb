import { Duplex } from 'node:stream';
import type { Peer } from '../kernel/http/message.js';
import type { Transport } from '../kernel/net/transport.js';

type Taken = (error?: Error | null) => void;

/**
 * One end of a connection that never leaves the process. Like a TCP socket, it is half-open, a writer waits for its
 * reader, and an end that is destroyed resets the other.
 */
export class PipeEnd extends Duplex implements Transport {
  readonly stream = this;
  readonly peer: Peer;
  #other: PipeEnd | undefined;
  /** The other end's writer, that waits until what it sent is read. */
  #waiting: Taken | undefined;
  #ended = false;

  private constructor(localPort: number, remotePort: number) {
    super({ allowHalfOpen: true });
    const address = '127.0.0.1';
    this.peer = { remoteAddress: address, remotePort, localAddress: address, localPort, secure: false };
    // A reset is everyday; who cares listens too.
    this.on('error', () => {});
  }

  static pair(): { readonly client: PipeEnd; readonly server: PipeEnd } {
    const client = new PipeEnd(50_000, 80);
    const server = new PipeEnd(80, 50_000);
    client.#other = server;
    server.#other = client;
    return { client, server };
  }

  get untaken(): number {
    return this.writableLength;
  }

  /** The other end is in this process: whether it is there is known. */
  probe(): void {}

  reset(): void {
    this.destroy();
  }

  override _read(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, taken: Taken): void {
    // The writer may change its bytes as soon as they count as taken.
    this.#other?.receive(Buffer.from(bytes), taken);
  }

  override _final(done: Taken): void {
    this.#ended = true;
    this.#other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: Taken): void {
    const other = this.#other;
    const isOver = this.#ended && other?.writableFinished === true;
    // Not from inside of this call: a socket's other end learns it later, too.
    if (!isOver) setImmediate(() => other?.destroy(new Error('the other end was closed')));
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(new Error('the other end was closed'));
    done(error);
  }

  /** The other end's: bytes it sent. */
  private receive(bytes: Buffer, taken: Taken): void {
    if (this.destroyed) taken(new Error('the other end was closed'));
    else if (this.push(bytes)) setImmediate(taken);
    else this.#waiting = taken;
  }
}
