import type { Socket } from 'node:net';
import type { Peer } from '../http/message.js';

/** A connection's two ends. The remote one is asked for at once: a socket that is reset forgets it. */
export class SocketPeer implements Peer {
  readonly remoteAddress: string;
  readonly secure = false;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress ?? '';
  }

  get remotePort(): number {
    return this.#socket.remotePort ?? 0;
  }

  get localAddress(): string {
    return this.#socket.localAddress ?? '';
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }
}
