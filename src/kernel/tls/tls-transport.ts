import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Peer } from '../http/message.js';
import type { TlsConnection } from '../http/tls-connection.js';
import { NOTHING, type Transport, untakenBytes } from '../net/transport.js';
import { TlsPeer } from './tls-peer.js';

/** Bytes that Node gives the socket in one write: ten buffers of 16 KiB. It keeps them until all of them are taken. */
const WRITTEN_TOGETHER = 10 * 16 * 1024;
/** A record's content, by its size with header and tag in TLS 1.3 (RFC 8446 §5.2). */
const CONTENT_SHARE = 16384 / 16406;

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
    // 'close' follows, also that of TLS.
    raw.on('error', () => {});
    // A reset that TLS meets while it sends session tickets is not reported, and no later write ever ends.
    setImmediate(() => this.detectReset());
    stream.on('end', () => this.detectReset());
  }

  /**
   * An estimate, in bytes before encryption. Those that the socket writes at this moment are in both queues, but must count
   * once: else a slow client would seem to take less than nothing, and be disconnected.
   */
  get untaken(): number {
    const encrypted = untakenBytes(this.stream);
    const writing = untakenBytes(this.#raw);
    const twice = writing > 0 ? Math.min(encrypted, WRITTEN_TOGETHER) : 0;
    return Math.floor((encrypted + writing - twice) * CONTENT_SHARE);
  }

  probe(idleMs: number): void {
    this.#raw.setKeepAlive(true, idleMs);
  }

  /**
   * Written by TLS, nothing would not come to the socket. While the socket writes, it meets a reset by itself, and TLS would
   * take the end of this write for that of its own.
   */
  detectReset(): void {
    if (untakenBytes(this.#raw) === 0) this.#raw.write(NOTHING);
  }

  /** A UNIX socket, which has no address, has no reset: closing it discards its data. */
  reset(): void {
    // Node resets the socket below only: that of TLS has no such operation.
    if (this.peer.remoteAddress !== '') this.#raw.resetAndDestroy();
    this.stream.destroy();
  }
}
