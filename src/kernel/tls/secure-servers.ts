import type { Config, ServerConfig } from '../contract/config.js';
import type { CertificateSetting, NamedFile, TlsSettings } from '../contract/tls.js';
import type { DiagnosticCode } from '../diagnostics/codes.js';
import type { Diagnostic, Place, Severity } from '../diagnostics/diagnostic.js';
import { displayPath } from '../diagnostics/display-path.js';
import { errorCode } from '../diagnostics/error-code.js';
import { reasonOf } from '../diagnostics/findings.js';
import { certificateDoubts } from './certificate-checks.js';
import { certificatesOf, type KeyPair, KeyPairError } from './key-pair.js';
import type { KeySource } from './key-source.js';
import { readPemFile } from './pem-file.js';
import type { ClientAuthorities } from './secure-context.js';
import { SecureServer } from './secure-server.js';
import { TICKET_KEY_SIZE } from './ticket-keys.js';

export type Tell = (finding: Diagnostic) => void;

/**
 * Makes TLS ready for all servers that speak it: this reads keys, so it comes before root's rights are given up.
 * @param tell gets every error and warning; a server with an error is missing in the result
 */
export async function secureServers(
  { servers }: Pick<Config, 'servers'>,
  source: KeySource,
  tell: Tell,
): Promise<ReadonlyMap<ServerConfig, SecureServer>> {
  const found = new Map<ServerConfig, SecureServer>();
  if (servers.every(({ tls }) => tls === undefined)) return found;
  const secret = await source.ticketSecret();
  const tellOnce = withoutRepetitions(tell);
  for (const server of servers) {
    if (server.tls === undefined) continue;
    const secure = await secureServer(server, server.tls, source, secret, tellOnce);
    if (secure !== undefined) found.set(server, secure);
  }
  return found;
}

/** Servers inherit certificates: what is wrong with one is a single finding, not one for each server. */
function withoutRepetitions(tell: Tell): Tell {
  const known = new Set<string>();
  return (finding) => {
    const { code, message, place } = finding;
    const key = JSON.stringify([code, message, place?.file, place?.line, place?.column]);
    if (known.has(key)) return;
    known.add(key);
    tell(finding);
  };
}

async function secureServer(
  server: ServerConfig,
  settings: TlsSettings,
  source: KeySource,
  secret: Uint8Array,
  tell: Tell,
): Promise<SecureServer | undefined> {
  let failed = false;
  const report: Tell = (finding) => {
    failed ||= finding.severity === 'error';
    tell(finding);
  };
  const pairs: KeyPair[] = [];
  for (const setting of settings.certificates) {
    const pair = await keyPair(setting, server, source, report);
    if (pair !== undefined) pairs.push(pair);
  }
  const authorities = await clientAuthorities(settings, source, report);
  const ownTicketKey = await ticketKeyOf(settings, source, report);
  if (failed || pairs.length < settings.certificates.length) return undefined;
  try {
    return new SecureServer(server, { settings, pairs, authorities, ownTicketKey, secret });
  } catch (error) {
    report(settingsFinding(error, settings));
    return undefined;
  }
}

async function keyPair(
  setting: CertificateSetting,
  { names }: ServerConfig,
  source: KeySource,
  tell: Tell,
): Promise<KeyPair | undefined> {
  const { origin, place, keyPlace } = setting;
  try {
    const pair = await source.keyPair(origin);
    if (pair === undefined || origin.kind !== 'files') return pair;
    if (pair.isKeyExposed) {
      tell({
        severity: 'warning',
        code: 'readable-key' satisfies DiagnosticCode,
        message: `users other than the owner can read the key ${displayPath(origin.key)}`,
        place: keyPlace,
        hint: 'chmod 600',
      });
    }
    const chain = certificatesOf(pair.certificate, displayPath(origin.certificate));
    for (const doubt of certificateDoubts(chain, names, Date.now()))
      tell({ severity: 'warning', place, ...doubt });
    return pair;
  } catch (error) {
    if (!(error instanceof KeyPairError)) throw error;
    const { part, code, hint } = error.problem;
    const isKey = part === 'key';
    tell({
      code: (isKey ? 'certificate-key' : 'certificate') satisfies DiagnosticCode,
      message: error.message,
      place: isKey ? keyPlace : place,
      ...(hint !== undefined && { hint }),
      ...unreadable(code, source),
    });
    return undefined;
  }
}

/** A check by another user than root cannot read what the server itself will be able to read. */
function unreadable(code: string | undefined, source: KeySource): { severity: Severity; hint?: string } {
  if (code !== 'EACCES') return { severity: 'error' };
  if (source.mayLackRights)
    return { severity: 'warning', hint: 'a server that is started by root can read it' };
  return { severity: 'error', hint: "let the server's user read it, or start the server by root" };
}

async function clientAuthorities(
  { clientCertificate, trustedCertificate, crl }: TlsSettings,
  source: KeySource,
  tell: Tell,
): Promise<ClientAuthorities> {
  const certificates: string[] = [];
  for (const file of [clientCertificate, trustedCertificate]) {
    const text =
      file &&
      (await pemOf(file, /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/, 'certificate', source, tell));
    if (text !== undefined) certificates.push(text);
  }
  const lists = crl && (await pemOf(crl, CRL, 'list of revoked certificates', source, tell));
  return { certificates, revoked: lists?.match(CRL_BLOCKS) ?? [] };
}

const CRL = /-----BEGIN X509 CRL-----/;
const CRL_BLOCKS = /-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g;

async function pemOf(
  { path, place }: NamedFile,
  begin: RegExp,
  what: string,
  source: KeySource,
  tell: Tell,
): Promise<string | undefined> {
  const code: DiagnosticCode = 'client-authority';
  try {
    const text = (await readPemFile(path)).bytes.toString('latin1');
    if (begin.test(text)) return text;
    tell({ severity: 'error', code, place, message: `${displayPath(path)} has no ${what}` });
  } catch (error) {
    tell({ code, place, message: reasonOf(error), ...unreadable(errorCode(error), source) });
  }
  return undefined;
}

async function ticketKeyOf(
  { ticketKey }: TlsSettings,
  source: KeySource,
  tell: Tell,
): Promise<Buffer | undefined> {
  if (ticketKey === undefined) return undefined;
  const code: DiagnosticCode = 'tls-settings';
  const { path, place } = ticketKey;
  try {
    const { bytes } = await readPemFile(path);
    if (bytes.length === TICKET_KEY_SIZE) return bytes;
    tell({
      severity: 'error',
      code,
      place,
      message: `the key of the session tickets has ${TICKET_KEY_SIZE} bytes, ${displayPath(path)} has ${bytes.length}`,
      hint: `make one: openssl rand -out FILE ${TICKET_KEY_SIZE}`,
    });
  } catch (error) {
    tell({ code, place, message: reasonOf(error), ...unreadable(errorCode(error), source) });
  }
  return undefined;
}

/** OpenSSL says by a text which setting it does not take. */
function settingsFinding(error: unknown, { certificates, places, crl }: TlsSettings): Diagnostic {
  const reason = reasonOf(error);
  const place = certificates[0]?.place;
  const finding = (code: DiagnosticCode, message: string, where: Place | undefined): Diagnostic => ({
    severity: 'error',
    code,
    message,
    place: where,
  });
  if (/cipher/i.test(reason))
    return finding('tls-settings', '"ssl_ciphers" names no cipher that there is', places.ciphers ?? place);
  if (/curve|group/i.test(reason))
    return finding('tls-settings', '"ssl_ecdh_curve" names an unknown group', places.curves ?? place);
  if (/crl/i.test(reason))
    return finding('client-authority', 'the list of revoked certificates is damaged', crl?.place ?? place);
  if (/too small|too weak/i.test(reason)) {
    const hint = 'use a key for ECDSA, or one of 2048 bits or more for RSA';
    return { ...finding('certificate', `the certificate is too weak: ${reason}`, place), hint };
  }
  return finding('certificate', `the certificate cannot be used: ${reason}`, place);
}
