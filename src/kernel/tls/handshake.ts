import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { ConnectionState, ServedConnection } from '../net/served-connection.js';
import type { HasDeadline, Timeouts } from '../net/timeouts.js';
import { SocketTransport, type Transport } from '../net/transport.js';
import { type ClientHello, comparableName, readFirstBytes } from './client-hello.js';
import { verifiedClient } from './client-verification.js';
import type { SecureServer } from './secure-server.js';
import { NegotiatedTls } from './tls-peer.js';
import { TlsTransport } from './tls-transport.js';

/** How a handshake ended without a connection, for the metrics. */
export type HandshakeFailure = 'failed' | 'timeout' | 'closed' | 'rejected';

/** The services that a handshake needs from its server. */
export interface HandshakeHost {
  readonly timeouts: Timeouts;
  /** Milliseconds that the handshake may take; the default server's, since no name is known yet. */
  readonly timeoutMs: number;
  /** Gets the secrets of each connection, line by line; undefined unless they are logged. */
  readonly keyLog: ((line: Buffer) => void) | undefined;
  /** The server of a name: the one of the ClientHello, else the default server of the address. */
  find(serverName: string): SecureServer | undefined;
  /**
   * Serves the encrypted connection.
   * @param refusal why each request gets 400: the client has not the right certificate; undefined if it may be served
   */
  established(
    handshake: Handshake,
    transport: TlsTransport,
    serverName: string,
    refusal: string | undefined,
  ): void;
  /** Called for a client that does not speak TLS: it may speak plain HTTP. */
  plain(handshake: Handshake, transport: Transport): void;
  /** @param reason for the log; undefined where there is nothing to say */
  failed(handshake: Handshake, how: HandshakeFailure, reason: string | undefined): void;
}

/** Protocols that the server speaks over TLS, in its order of preference, as they are sent (RFC 7301 §3.1). */
const PROTOCOLS = Buffer.from('\x08http/1.1\x08http/1.0', 'latin1');

/** Pieces that are kept apart: each costs some hundred bytes, also one with a single byte. */
const MAX_PIECES = 64;
/** Characters of a name that are logged: the longest one that DNS allows. */
const MAX_LOGGED = 253;

/** Time to finish a handshake that had begun when the server was asked to stop. */
const FINISH_MS = 3_000;

/** A fatal alert of RFC 6066 §3 in a record of its own: `unrecognized_name`. */
const UNRECOGNIZED_NAME = Buffer.from([21, 3, 3, 0, 2, 2, 112]);
/** RFC 8446 §6.2: `decode_error`. */
const DECODE_ERROR = Buffer.from([21, 3, 3, 0, 2, 2, 50]);

/**
 * A connection until it is encrypted. The ClientHello is read from the raw socket first: it names the server, and with it
 * the certificates and whether the client needs one itself, which Node could not choose by name.
 */
export class Handshake implements ServedConnection, HasDeadline {
  readonly state: ConnectionState = 'handshake';
  /** When the handshake is given up, on the scale of `timeouts.now`. */
  deadline: number;
  readonly #raw: Socket;
  readonly #host: HandshakeHost;
  #received: Buffer[] = [];
  #size = 0;
  /** Bytes needed before it is worth looking again: a client that sends single bytes costs little. */
  #wanted = 1;
  #socket: TLSSocket | undefined;
  #ended = false;
  /** The server stops. */
  #isRetired = false;
  readonly #receive = (bytes: Buffer): void => this.#read(bytes);
  readonly #closed = (): void => this.#end('closed', undefined);
  readonly #failed = (error: Error): void => this.#fail(error);

  constructor(raw: Socket, host: HandshakeHost) {
    this.#raw = raw;
    this.#host = host;
    this.deadline = host.timeouts.now + host.timeoutMs;
    host.timeouts.watch(this);
    raw.on('data', this.#receive);
    raw.on('end', this.#closed);
    raw.on('close', this.#closed);
    raw.on('error', this.#closed);
  }

  /** True as long as nothing has come: it makes room for a client that has something to say. */
  get idle(): boolean {
    return this.#size === 0;
  }

  get remoteAddress(): string {
    return this.#raw.remoteAddress ?? '';
  }

  /** A client that has begun its handshake is about to send a request; another one may never do so. */
  retire(idleMs: number): void {
    this.#isRetired = true;
    const leftMs = this.#size > 0 ? FINISH_MS : idleMs;
    this.deadline = Math.min(this.deadline, this.#host.timeouts.now + leftMs);
    if (leftMs === 0) this.expire();
  }

  destroy(): void {
    this.#end('closed', undefined);
  }

  expire(): void {
    if (this.#isRetired) this.#end('closed', undefined);
    else this.#end('timeout', 'the TLS handshake takes too long');
  }

  #read(bytes: Buffer): void {
    this.#received.push(bytes);
    this.#size += bytes.length;
    if (this.#size < this.#wanted && this.#received.length < MAX_PIECES) return;
    const all = this.#received.length === 1 ? bytes : Buffer.concat(this.#received, this.#size);
    this.#received = [all];
    if (this.#size < this.#wanted) return;
    const first = readFirstBytes(all);
    if (first.kind === 'more') this.#wanted = first.size;
    else if (first.kind === 'hello') this.#begin(first.hello, all);
    else if (first.kind === 'other') this.#plain(all);
    else this.#refuse(DECODE_ERROR, 'failed', first.reason);
  }

  /** Gives the socket up, with the bytes that were read put back. */
  #release(bytes: Buffer): void {
    const raw = this.#raw;
    raw.off('data', this.#receive);
    raw.pause();
    raw.unshift(bytes);
    this.#received = [];
  }

  #begin({ serverName }: ClientHello, bytes: Buffer): void {
    const server = this.#host.find(serverName);
    const context = server?.context;
    if (server === undefined || context === undefined) {
      const name =
        serverName === '' ? 'no name' : `the name ${JSON.stringify(serverName.slice(0, MAX_LOGGED))}`;
      this.#refuse(UNRECOGNIZED_NAME, 'rejected', `no server takes a TLS handshake with ${name}`);
      return;
    }
    this.#release(bytes);
    this.#wrap(server, context, serverName);
  }

  #wrap(server: SecureServer, secureContext: SecureContext, serverName: string): void {
    const options = {
      isServer: true,
      secureContext,
      ALPNProtocols: PROTOCOLS,
      requestCert: server.settings.verifyClient !== 'off',
      // A client without the right certificate gets a page that says so.
      rejectUnauthorized: false,
      allowHalfOpen: true,
    };
    const socket = new TLSSocket(this.#raw, options);
    this.#socket = socket;
    if (this.#host.keyLog !== undefined) socket.on('keylog', this.#host.keyLog);
    socket.on('end', this.#closed);
    socket.on('close', this.#closed);
    socket.on('error', this.#failed);
    socket.once('secure', () => this.#secured(socket, server, serverName));
  }

  #secured(socket: TLSSocket, server: SecureServer, serverName: string): void {
    if (this.#ended) return;
    // OpenSSL has read the same message: if it read another name there, one of the two was deceived.
    if (typeof socket.servername === 'string' && comparableName(socket.servername) !== serverName) {
      this.#end('failed', 'the ClientHello is ambiguous');
      return;
    }
    const { verify, certificate, refusal } = verifiedClient(socket, server.settings);
    const tls = new NegotiatedTls(socket, serverName, verify, certificate);
    this.#leave();
    socket.off('end', this.#closed);
    socket.off('close', this.#closed);
    socket.off('error', this.#failed);
    // After the handshake, Node closes on a bad record only where a `tls.Server` has released the socket. This event is
    // its own way to tell.
    socket.on('_tlsError', () => socket.destroy());
    const transport = new TlsTransport(socket, this.#raw, tls);
    this.#host.established(this, transport, serverName, refusal);
  }

  #plain(bytes: Buffer): void {
    this.#release(bytes);
    this.#leave();
    this.#host.plain(this, new SocketTransport(this.#raw));
    this.#raw.resume();
  }

  #fail(error: Error): void {
    const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : undefined;
    // Without a reason of OpenSSL's, the connection was lost.
    if (reason === undefined) this.#end('closed', undefined);
    else this.#end('failed', `the TLS handshake failed: ${reason}`);
  }

  #refuse(alert: Buffer, how: HandshakeFailure, reason: string): void {
    this.#raw.write(alert);
    this.#end(how, reason);
  }

  /** Ends without a connection. */
  #end(how: HandshakeFailure, reason: string | undefined): void {
    if (this.#ended) return;
    this.#leave();
    this.#raw.on('error', () => {});
    this.#socket?.on('error', () => {});
    this.#received = [];
    // An alert that was written still leaves.
    this.#socket?.destroy();
    this.#raw.destroySoon();
    this.#host.failed(this, how, reason);
  }

  #leave(): void {
    this.#ended = true;
    this.#host.timeouts.unwatch(this);
    const raw = this.#raw;
    raw.off('data', this.#receive);
    raw.off('end', this.#closed);
    raw.off('close', this.#closed);
    raw.off('error', this.#closed);
  }
}
