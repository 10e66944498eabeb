import type { TlsSettings } from '../contract/tls.js';

/** The promises of a server's TLS, as texts that are equal where two servers promise the same. */
export interface TlsPolicy {
  /** Its certificates. */
  readonly certificates: string;
  /** How clients are verified. */
  readonly verification: string;
}

/** The server that a connection was encrypted for. */
export interface HandshakeServer {
  readonly policy: TlsPolicy | undefined;
  /** Whether the client named a server in the handshake. */
  readonly isNamed: boolean;
}

export function tlsPolicy(settings: TlsSettings): TlsPolicy {
  const { certificates, verifyClient, clientCertificate, trustedCertificate, crl, verifyDepth } = settings;
  const authorities = [clientCertificate?.path, trustedCertificate?.path, crl?.path, verifyDepth];
  return {
    certificates: JSON.stringify(certificates.map(({ origin }) => origin)),
    verification: JSON.stringify(verifyClient === 'off' ? [verifyClient] : [verifyClient, ...authorities]),
  };
}

/**
 * Whether a request came on a connection that was encrypted for a server with other certificates, or that verifies
 * clients differently, than the one that its Host names (RFC 9110 §15.5.20). A client that named no server has accepted
 * the default server's certificate for whatever it asks; it must still be verified as the server says.
 */
export function isMisdirected(asked: TlsPolicy | undefined, { policy, isNamed }: HandshakeServer): boolean {
  if (asked === policy || asked === undefined || policy === undefined) return asked !== policy;
  if (asked.verification !== policy.verification) return true;
  return isNamed && asked.certificates !== policy.certificates;
}
