import { Duplex } from 'node:stream';
import type { Peer } from '../kernel/http/message.js';
import type { Transport } from '../kernel/net/transport.js';

type Taken = (error?: Error | null) => void;

/**
 * An end of a connection inside this process. Like a TCP socket, it may be half-open, a writer waits for its reader,
 * and an end that is destroyed resets the other.
 */
export class PipeEnd extends Duplex implements Transport {
  readonly stream = this;
  readonly peer: Peer;
  #other: PipeEnd | undefined;
  /** Callback of the other end's write, which waits until its bytes are read. */
  #waiting: Taken | undefined;
  #ended = false;

  private constructor(localPort: number, remotePort: number) {
    super({ allowHalfOpen: true });
    const address = '127.0.0.1';
    this.peer = {
      remoteAddress: address,
      remotePort,
      localAddress: address,
      localPort,
      secure: false,
      tls: undefined,
    };
    // Connection resets are normal. Code that handles them adds its own listener.
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

  /** Not needed: both ends are in this process. */
  probe(): void {}

  /** Not needed either. */
  detectReset(): void {}

  reset(): void {
    this.destroy();
  }

  override _read(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Taken): void {
    // The writer may reuse its buffer as soon as the callback has run.
    this.#other?.receive(Buffer.from(bytes), done);
  }

  override _final(done: Taken): void {
    this.#ended = true;
    this.#other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: Taken): void {
    const other = this.#other;
    const isOver = this.#ended && other?.writableFinished === true;
    // Asynchronously: the other end of a socket also learns of it later.
    if (!isOver) setImmediate(() => other?.destroy(new Error('the other end was closed')));
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(new Error('the other end was closed'));
    done(error);
  }

  /** Receives bytes from the other end. */
  private receive(bytes: Buffer, done: Taken): void {
    if (this.destroyed) done(new Error('the other end was closed'));
    else if (this.push(bytes)) setImmediate(done);
    else this.#waiting = done;
  }
}
