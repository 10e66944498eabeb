import type { Socket } from 'node:net';
import type { Peer } from '../http/message.js';
import type { TlsConnection } from '../http/tls-connection.js';

/** The two ends of a connection. The remote address is read immediately, because a socket forgets it after a reset. */
export class SocketPeer implements Peer {
  readonly remoteAddress: string;
  readonly tls: TlsConnection | undefined = undefined;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress ?? '';
  }

  get secure(): boolean {
    return this.tls !== undefined;
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
