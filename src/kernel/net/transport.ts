import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Peer } from '../http/message.js';
import { SocketPeer } from './peer.js';

/** The byte stream under a connection: a TCP or UNIX socket, TLS over one, or an equivalent. */
export interface Transport {
  /** The stream. It is half-open: our side stays open when the client ends its own. */
  readonly stream: Duplex;
  readonly peer: Peer;
  /** Bytes that were written to the stream but not taken by the system yet. */
  readonly untaken: number;
  /**
   * Makes the system probe whether the other end still exists.
   * @param idleMs milliseconds without traffic before the first probe
   */
  probe(idleMs: number): void;
  /**
   * Writes nothing, which fails if the other end has reset the connection: the system does not report that by itself to a
   * reader that has read to the end.
   */
  detectReset(): void;
  /** Closes with a reset, so that the other end learns that data is lost, and the system keeps no data for it. */
  reset(): void;
}

export const NOTHING = new Uint8Array(0);

/** A TCP or UNIX socket. */
export class SocketTransport implements Transport {
  readonly stream: Socket;
  readonly peer: Peer;

  constructor(socket: Socket) {
    this.stream = socket;
    this.peer = new SocketPeer(socket);
  }

  get untaken(): number {
    return untakenBytes(this.stream);
  }

  probe(idleMs: number): void {
    this.stream.setKeepAlive(true, idleMs);
  }

  detectReset(): void {
    this.stream.write(NOTHING);
  }

  /** A UNIX socket, which has no address, has no reset: closing it discards its data. */
  reset(): void {
    if (this.peer.remoteAddress === '') this.stream.destroy();
    else this.stream.resetAndDestroy();
  }
}

/**
 * Bytes written to a socket that the system has not taken. The stream reports a large write only when its last part is
 * taken, so this reads the handle's own counter, as Node's socket timeouts do.
 */
export function untakenBytes(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null || !('writeQueueSize' in handle)) {
    return socket.writableLength;
  }
  return typeof handle.writeQueueSize === 'number' ? handle.writeQueueSize : socket.writableLength;
}
