import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { TlsSettings } from '../contract/tls.js';
import { errorCode } from '../diagnostics/error-code.js';

/** A client, as far as its certificate tells. */
export interface VerifiedClient {
  /** @see TlsConnection.clientVerify */
  readonly verify: string;
  readonly certificate: X509Certificate | undefined;
  /** Why its requests get 400 instead of a response; undefined if it may be served. */
  readonly refusal: string | undefined;
}

interface Failure {
  /** OpenSSL's words, as nginx shows them. */
  readonly reason: string;
  /** Node's name of it. */
  readonly code: string;
}

/** The authority is unknown: `optional_no_ca` accepts that, as nginx does. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Looks at the certificate of a client after its handshake. */
export function verifiedClient(
  socket: TLSSocket,
  { verifyClient, verifyDepth }: Pick<TlsSettings, 'verifyClient' | 'verifyDepth'>,
): VerifiedClient {
  const certificate = verifyClient === 'off' ? undefined : socket.getPeerX509Certificate();
  if (certificate === undefined) {
    const refusal = verifyClient === 'on' ? 'no client certificate was sent' : undefined;
    return { verify: 'NONE', certificate, refusal };
  }
  const failure = verifyFailure(socket) ?? depthFailure(certificate, verifyDepth);
  if (failure === undefined) return { verify: 'SUCCESS', certificate, refusal: undefined };
  const isAccepted = verifyClient === 'optional_no_ca' && UNTRUSTED.has(failure.code);
  const refusal = isAccepted ? undefined : `the client certificate is not accepted: ${failure.reason}`;
  return { verify: `FAILED:${failure.reason}`, certificate, refusal };
}

/**
 * OpenSSL's judgement of the chain. Node offers it to clients and to its own servers, but has no name for it on a socket
 * that is wrapped by hand, so this asks the handle; if that cannot say, the client is not verified.
 */
function verifyFailure(socket: TLSSocket): Failure | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  const unknown = { reason: 'it cannot be verified', code: 'UNKNOWN' };
  if (typeof handle !== 'object' || handle === null || !('verifyError' in handle)) return unknown;
  if (typeof handle.verifyError !== 'function') return unknown;
  const error: unknown = Reflect.apply(handle.verifyError, handle, []);
  if (error === null || error === undefined) return undefined;
  return error instanceof Error ? { reason: error.message, code: errorCode(error) } : unknown;
}

/** Counts the certificates of authorities between the client's and a root: Node cannot set OpenSSL's limit. */
function depthFailure(client: X509Certificate, limit: number): Failure | undefined {
  let between = 0;
  for (let each = client.issuerCertificate; each !== undefined; each = each.issuerCertificate) {
    // A root is its own issuer, and does not count.
    if (each.checkIssued(each)) return undefined;
    between += 1;
    if (between > limit) return { reason: 'certificate chain too long', code: 'CERT_CHAIN_TOO_LONG' };
  }
  return undefined;
}
