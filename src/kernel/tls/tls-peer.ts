import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ClientCertificate, TlsConnection } from '../http/tls-connection.js';
import { SocketPeer } from '../net/peer.js';
import { distinguishedName } from './distinguished-name.js';

/** The two ends of a TLS connection. */
export class TlsPeer extends SocketPeer {
  override readonly tls: TlsConnection;

  constructor(raw: Socket, tls: TlsConnection) {
    super(raw);
    this.tls = tls;
  }
}

/** TLS as negotiated. It is read once: after the connection is lost, nothing can be read any more. */
export class NegotiatedTls implements TlsConnection {
  readonly protocol: string;
  readonly cipher: string;
  readonly serverName: string;
  readonly alpn: string;
  readonly sessionReused: boolean;
  readonly clientVerify: string;
  readonly #certificate: X509Certificate | undefined;
  #described: ClientCertificate | undefined;

  /** @param clientVerify see `TlsConnection.clientVerify` */
  constructor(
    socket: TLSSocket,
    serverName: string,
    clientVerify: string,
    certificate: X509Certificate | undefined,
  ) {
    this.protocol = socket.getProtocol() ?? '';
    this.cipher = socket.getCipher()?.name ?? '';
    this.serverName = serverName;
    this.alpn = socket.alpnProtocol || '';
    this.sessionReused = socket.isSessionReused();
    this.clientVerify = clientVerify;
    this.#certificate = certificate;
  }

  get clientCertificate(): ClientCertificate | undefined {
    this.#described ??= this.#certificate && describe(this.#certificate);
    return this.#described;
  }
}

function describe(certificate: X509Certificate): ClientCertificate {
  const hex = (text: string): string => text.replaceAll(':', '').toLowerCase();
  return {
    subject: distinguishedName(certificate.subject),
    issuer: distinguishedName(certificate.issuer),
    serial: certificate.serialNumber.toUpperCase(),
    fingerprint: hex(certificate.fingerprint),
    fingerprint256: hex(certificate.fingerprint256),
    pem: certificate.toString(),
  };
}
