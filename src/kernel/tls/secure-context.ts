import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TlsSettings } from '../contract/tls.js';
import type { KeyPair } from './key-pair.js';

/** The authorities that clients' certificates are verified by. */
export interface ClientAuthorities {
  /** PEM texts, each with one or more certificates. */
  readonly certificates: readonly string[];
  /** PEM texts, each with one list of revoked certificates. */
  readonly revoked: readonly string[];
}

/** All that goes into the context of a server's handshakes. */
export interface ContextParts {
  readonly settings: TlsSettings;
  readonly pairs: readonly KeyPair[];
  readonly authorities: ClientAuthorities;
  /** 48 bytes. */
  readonly ticketKey: Buffer;
  /** Sessions are resumed only where it is the same. */
  readonly identity: string;
}

/** Suites of TLS 1.3, for lists that name none: `ssl_ciphers` is about TLS 1.2, as in nginx. */
const TLS_13_CIPHERS = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';
/** OpenSSL takes at most 32 bytes. */
const MAX_SESSION_CONTEXT = 32;

/** Whether sessions may be resumed. Each handshake of a verified client is a full one: its certificate is verified now. */
export function mayResume({ sessionTickets, verifyClient }: TlsSettings): boolean {
  return sessionTickets && verifyClient === 'off';
}

/**
 * Makes the context of a server's handshakes.
 * @throws Error of OpenSSL for settings or keys that it does not take; its `code` begins with `ERR_SSL_` or `ERR_`
 */
export function secureContext({
  settings,
  pairs,
  authorities,
  ticketKey,
  identity,
}: ContextParts): SecureContext {
  const { ciphers, protocols } = settings;
  return createSecureContext({
    cert: pairs.map(({ certificate }) => certificate),
    key: pairs.map(({ key }) => key),
    // Without a list, Node would load the authorities of the Web: none of them vouches for clients.
    ca: [...authorities.certificates],
    ...(authorities.revoked.length > 0 && { crl: [...authorities.revoked] }),
    minVersion: protocols.includes('TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: protocols.includes('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2',
    ciphers: /(?:^|:)TLS_/.test(ciphers) ? ciphers : `${TLS_13_CIPHERS}:${ciphers}`,
    honorCipherOrder: settings.preferServerCiphers,
    ecdhCurve: settings.curves,
    sessionTimeout: Math.ceil(settings.sessionTimeout / 1000),
    sessionIdContext: identity.slice(0, MAX_SESSION_CONTEXT),
    ticketKeys: ticketKey,
    secureOptions: secureOptions(settings),
  });
}

function secureOptions(settings: TlsSettings): number {
  return (
    // A client could make the server work by renegotiating, and no client needs it (RFC 9325 §3.5).
    constants.SSL_OP_NO_RENEGOTIATION |
    (mayResume(settings) ? 0 : constants.SSL_OP_NO_TICKET) |
    (settings.preferServerCiphers ? constants.SSL_OP_PRIORITIZE_CHACHA : 0)
  );
}
