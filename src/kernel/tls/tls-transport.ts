import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Peer } from '../http/message.js';
import type { TlsConnection } from '../http/tls-connection.js';
import { type Transport, untakenBytes } from '../net/transport.js';
import { TlsPeer } from './tls-peer.js';

/** TLS over a TCP or UNIX socket. */
export class TlsTransport implements Transport {
  readonly stream: TLSSocket;
  readonly peer: Peer;
  readonly negotiated: TlsConnection;
  readonly #raw: Socket;

  /** @param raw the socket under it */
  constructor(stream: TLSSocket, raw: Socket, negotiated: TlsConnection) {
    this.stream = stream;
    this.negotiated = negotiated;
    this.peer = new TlsPeer(raw, negotiated);
    this.#raw = raw;
  }

  /** Bytes that are not encrypted yet, and encrypted ones that the system has not taken. */
  get untaken(): number {
    return untakenBytes(this.stream) + untakenBytes(this.#raw);
  }

  probe(idleMs: number): void {
    this.#raw.setKeepAlive(true, idleMs);
  }

  /** A UNIX socket, which has no address, has no reset: closing it discards its data. */
  reset(): void {
    // Node resets the socket below only: that of TLS has no such operation.
    if (this.peer.remoteAddress !== '') this.#raw.resetAndDestroy();
    this.stream.destroy();
  }
}
