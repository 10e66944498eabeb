import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Peer } from '../http/message.js';
import { SocketPeer } from './peer.js';

/** What a connection works over: a TCP or UNIX socket, TLS over one, or what behaves like one. */
export interface Transport {
  /** The bytes. It is half-open: our side stays open when the client ends its own. */
  readonly stream: Duplex;
  readonly peer: Peer;
  /** Bytes that were written to the stream and that the system has not taken yet. */
  readonly untaken: number;
  /**
   * Lets the system ask whether the other end is still there.
   * @param idleMs after how many milliseconds without traffic
   */
  probe(idleMs: number): void;
  /** Ends it so that the other end learns that something is lost, and the system keeps nothing for it. */
  reset(): void;
}

/** A TCP or UNIX socket. */
export class SocketTransport implements Transport {
  readonly stream: Socket;
  readonly peer: Peer;

  constructor(socket: Socket) {
    this.stream = socket;
    this.peer = new SocketPeer(socket);
  }

  /**
   * A large write is taken in parts, of which a stream says nothing before the last; Node's own socket timeouts look at the
   * same number.
   */
  get untaken(): number {
    const handle: unknown = Reflect.get(this.stream, '_handle');
    if (typeof handle !== 'object' || handle === null || !('writeQueueSize' in handle)) {
      return this.stream.writableLength;
    }
    return typeof handle.writeQueueSize === 'number' ? handle.writeQueueSize : this.stream.writableLength;
  }

  probe(idleMs: number): void {
    this.stream.setKeepAlive(true, idleMs);
  }

  /** A UNIX socket, which has no address, has no reset either: what it holds goes with it. */
  reset(): void {
    if (this.peer.remoteAddress === '') this.stream.destroy();
    else this.stream.resetAndDestroy();
  }
}
