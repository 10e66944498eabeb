import type { CheckedBlock, Listen } from '../../contract/config.js';
import type { CertificateSetting, NamedFile, TlsSettings } from '../../contract/tls.js';
import type { Place } from '../../diagnostics/diagnostic.js';
import type { Findings } from '../../diagnostics/findings.js';
import { OLD_VERSIONS, tlsDirectives, type WrittenCertificate } from '../directives/tls.js';
import { type SettleContext, settle } from './values.js';

/** The TLS directives of one block, before it is known whether a server speaks TLS at all. */
export interface WrittenTls extends Omit<TlsSettings, 'certificates' | 'ticketKey'> {
  readonly certificates: readonly WrittenCertificate[];
  readonly keys: readonly WrittenCertificate[];
  readonly passwords: NamedFile | undefined;
  readonly ticketKeys: readonly NamedFile[];
}

export const defaultTls: WrittenTls = {
  certificates: tlsDirectives.ssl_certificate.fallback,
  keys: tlsDirectives.ssl_certificate_key.fallback,
  passwords: tlsDirectives.ssl_password_file.fallback,
  protocols: tlsDirectives.ssl_protocols.fallback,
  ciphers: tlsDirectives.ssl_ciphers.fallback,
  preferServerCiphers: tlsDirectives.ssl_prefer_server_ciphers.fallback,
  curves: tlsDirectives.ssl_ecdh_curve.fallback,
  sessionTickets: tlsDirectives.ssl_session_tickets.fallback,
  ticketKeys: tlsDirectives.ssl_session_ticket_key.fallback,
  sessionTimeout: tlsDirectives.ssl_session_timeout.fallback,
  verifyClient: tlsDirectives.ssl_verify_client.fallback,
  clientCertificate: tlsDirectives.ssl_client_certificate.fallback,
  trustedCertificate: tlsDirectives.ssl_trusted_certificate.fallback,
  verifyDepth: tlsDirectives.ssl_verify_depth.fallback,
  crl: tlsDirectives.ssl_crl.fallback,
  rejectHandshake: tlsDirectives.ssl_reject_handshake.fallback,
  places: { ciphers: undefined, curves: undefined, verifyClient: undefined },
  handshakeTimeout: tlsDirectives.ssl_handshake_timeout.fallback,
};

/** Settles the TLS directives of the main block or of a server. */
export function settleTls(block: CheckedBlock, outer: WrittenTls, context: SettleContext): WrittenTls {
  const rows = tlsDirectives;
  const placeOf = (name: keyof typeof rows): Place | undefined => block.get(name)?.[0]?.arguments[0]?.place;
  warnOfOldVersions(block, context.findings);
  const settled = {
    certificates: settle('ssl_certificate', rows.ssl_certificate, block, outer.certificates, context),
    keys: settle('ssl_certificate_key', rows.ssl_certificate_key, block, outer.keys, context),
    passwords: settle('ssl_password_file', rows.ssl_password_file, block, outer.passwords, context),
    protocols: settle('ssl_protocols', rows.ssl_protocols, block, outer.protocols, context),
    ciphers: settle('ssl_ciphers', rows.ssl_ciphers, block, outer.ciphers, context),
    preferServerCiphers: settle(
      'ssl_prefer_server_ciphers',
      rows.ssl_prefer_server_ciphers,
      block,
      outer.preferServerCiphers,
      context,
    ),
    curves: settle('ssl_ecdh_curve', rows.ssl_ecdh_curve, block, outer.curves, context),
    sessionTickets: settle(
      'ssl_session_tickets',
      rows.ssl_session_tickets,
      block,
      outer.sessionTickets,
      context,
    ),
    ticketKeys: settle(
      'ssl_session_ticket_key',
      rows.ssl_session_ticket_key,
      block,
      outer.ticketKeys,
      context,
    ),
    sessionTimeout: settle(
      'ssl_session_timeout',
      rows.ssl_session_timeout,
      block,
      outer.sessionTimeout,
      context,
    ),
    verifyClient: settle('ssl_verify_client', rows.ssl_verify_client, block, outer.verifyClient, context),
    clientCertificate: settle(
      'ssl_client_certificate',
      rows.ssl_client_certificate,
      block,
      outer.clientCertificate,
      context,
    ),
    trustedCertificate: settle(
      'ssl_trusted_certificate',
      rows.ssl_trusted_certificate,
      block,
      outer.trustedCertificate,
      context,
    ),
    verifyDepth: settle('ssl_verify_depth', rows.ssl_verify_depth, block, outer.verifyDepth, context),
    crl: settle('ssl_crl', rows.ssl_crl, block, outer.crl, context),
    rejectHandshake: settle(
      'ssl_reject_handshake',
      rows.ssl_reject_handshake,
      block,
      outer.rejectHandshake,
      context,
    ),
    places: {
      ciphers: placeOf('ssl_ciphers') ?? outer.places.ciphers,
      curves: placeOf('ssl_ecdh_curve') ?? outer.places.curves,
      verifyClient: placeOf('ssl_verify_client') ?? outer.places.verifyClient,
    },
    handshakeTimeout: settle(
      'ssl_handshake_timeout',
      rows.ssl_handshake_timeout,
      block,
      outer.handshakeTimeout,
      context,
    ),
  };
  // Most blocks say nothing of TLS: a thousand servers then share one object.
  return Object.keys(rows).some((name) => block.has(name)) ? settled : outer;
}

/** A server that speaks TLS, as far as it is read. */
export interface TlsServer {
  readonly listens: readonly Listen[];
  readonly names: readonly string[];
  readonly written: WrittenTls;
  /** The directory of the local authority. Absolute. */
  readonly stateDirectory: string;
}

/**
 * The TLS of a server.
 * @returns undefined if no address of it speaks TLS
 */
export function tlsSettings(server: TlsServer, findings: Findings): TlsSettings | undefined {
  const secure = server.listens.find(({ tls }) => tls);
  if (secure === undefined) return undefined;
  const { certificates: written, keys, passwords, ticketKeys, ...rest } = server.written;
  checkClientVerification(server.written, findings);
  const certificates = pairs(server, findings);
  if (written.length === 0 && !rest.rejectHandshake) missingCertificate(keys, secure.place, findings);
  const [ticketKey, further] = ticketKeys;
  if (further !== undefined) {
    const message = 'only the first "ssl_session_ticket_key" is used: one key serves all';
    findings.warning('tls-directive', message, further.place, { hint: 'remove it' });
  }
  return { ...rest, certificates, ticketKey };
}

function missingCertificate(
  keys: readonly WrittenCertificate[],
  place: Place | undefined,
  findings: Findings,
): void {
  findings.concerning('ssl_certificate', () =>
    findings.error(
      'missing-certificate',
      'this server speaks TLS and has no certificate',
      keys[0]?.place ?? place,
      {
        hint: 'add: ssl_certificate CERTIFICATE.pem; ssl_certificate_key KEY.pem; (for development: ssl_certificate internal;)',
      },
    ),
  );
}

/** Certificates and keys belong together in their order; a certificate of another origin has no key file. */
function pairs(
  { written, names, listens, stateDirectory }: TlsServer,
  findings: Findings,
): readonly CertificateSetting[] {
  const keys = [...written.keys];
  const found: CertificateSetting[] = [];
  for (const { path, place } of written.certificates) {
    if (path === undefined) {
      found.push({
        origin: { kind: 'internal', names: internalNames(names, listens), stateDirectory },
        place,
        keyPlace: place,
      });
      continue;
    }
    const key = keys.shift();
    if (key?.path === undefined) {
      findings.concerning('ssl_certificate_key', () =>
        findings.error('missing-certificate-key', 'this certificate has no "ssl_certificate_key"', place, {
          hint: 'add the file with its private key: ssl_certificate_key KEY.pem;',
        }),
      );
      continue;
    }
    found.push({
      origin: { kind: 'files', certificate: path, key: key.path, passwords: written.passwords?.path },
      place,
      keyPlace: key.place,
    });
  }
  for (const { place } of written.certificates.length > 0 ? keys : []) {
    findings.error('missing-certificate', 'this key has no "ssl_certificate"', place, {
      hint: 'keys and certificates belong together in their order',
    });
  }
  return found;
}

const WILDCARD_ADDRESSES: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

function internalNames(names: readonly string[], listens: readonly Listen[]): readonly string[] {
  const addresses = listens.flatMap((listen) =>
    listen.kind === 'tcp' && listen.tls && !WILDCARD_ADDRESSES.has(listen.host) ? [listen.host] : [],
  );
  return [
    ...new Set(names.length > 0 ? [...names, ...addresses] : ['localhost', '127.0.0.1', '::1', ...addresses]),
  ];
}

function checkClientVerification(
  { verifyClient, clientCertificate, trustedCertificate, crl, places }: WrittenTls,
  findings: Findings,
): void {
  const isVerified = verifyClient === 'on' || verifyClient === 'optional';
  if (isVerified && clientCertificate === undefined && trustedCertificate === undefined) {
    findings.concerning('ssl_client_certificate', () =>
      findings.error(
        'missing-client-authority',
        `"ssl_verify_client ${verifyClient}" has no authority to verify clients by`,
        places.verifyClient,
        { hint: 'add: ssl_client_certificate CA.pem;' },
      ),
    );
  }
  if (crl !== undefined && !isVerified) {
    const message = '"ssl_crl" has no effect: client certificates are not verified here';
    findings.warning('tls-directive', message, crl.place, { hint: 'add: ssl_verify_client on;' });
  }
}

function warnOfOldVersions(block: CheckedBlock, findings: Findings): void {
  for (const use of block.get('ssl_protocols') ?? []) {
    const old = use.arguments.filter(({ text }) => OLD_VERSIONS.includes(text));
    // Named alone, they are an error of the directive itself.
    if (old.length === use.arguments.length) continue;
    for (const { text, place } of old)
      findings.warning('tls-directive', `${text} is never offered: it is not safe`, place, {
        hint: 'remove it',
      });
  }
}
