import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { DiagnosticCode } from '../diagnostics/codes.js';

/** A doubt about a certificate that fits its key: clients may distrust it, and the server serves on. */
export interface CertificateDoubt {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint: string;
}

const DAY_MS = 86_400_000;
/** A certificate should have been renewed by now. */
const EXPIRES_SOON_DAYS = 14;

/** When a certificate expires, in milliseconds of `Date.now`. */
export function expiryOf(certificate: X509Certificate): number {
  return Date.parse(certificate.validTo);
}

/**
 * Looks for what clients would object to.
 * @param chain the server's certificate, then those of its authorities
 * @param names the server's names: `example.org`, `*.example.org`
 * @param now milliseconds, as of `Date.now`
 */
export function certificateDoubts(
  chain: readonly X509Certificate[],
  names: readonly string[],
  now: number,
): readonly CertificateDoubt[] {
  const [own] = chain;
  if (own === undefined) return [];
  return [...expiryDoubts(own, now), ...nameDoubts(own, names), ...chainDoubts(chain)];
}

function expiryDoubts(own: X509Certificate, now: number): readonly CertificateDoubt[] {
  const begins = Date.parse(own.validFrom);
  const ends = expiryOf(own);
  const code = 'certificate-expiry';
  if (now < begins) {
    const message = `the certificate is not valid before ${day(begins)}`;
    return [{ code, message, hint: 'check the clock of this machine' }];
  }
  if (now >= ends) {
    return [
      { code, message: `the certificate expired on ${day(ends)}`, hint: 'renew it: clients refuse it' },
    ];
  }
  const left = Math.floor((ends - now) / DAY_MS);
  // Short-lived certificates are renewed in their last third.
  if (ends - now >= Math.min(EXPIRES_SOON_DAYS * DAY_MS, (ends - begins) / 3)) return [];
  const days = left === 1 ? 'day' : 'days';
  return [{ code, message: `the certificate expires in ${left} ${days}, on ${day(ends)}`, hint: 'renew it' }];
}

function nameDoubts(own: X509Certificate, names: readonly string[]): readonly CertificateDoubt[] {
  const missing = names.filter((name) => !covers(own, name));
  if (missing.length === 0) return [];
  const shown = missing.slice(0, 5).map((name) => `"${name}"`);
  const more = missing.length > shown.length ? ` and ${missing.length - shown.length} more` : '';
  return [
    {
      code: 'certificate-names',
      message: `the certificate is not for ${shown.join(', ')}${more}`,
      hint: `it is for: ${own.subjectAltName ?? own.subject}`,
    },
  ];
}

function covers(certificate: X509Certificate, name: string): boolean {
  const address = name.startsWith('[') ? name.slice(1, -1) : name;
  if (isIP(address) !== 0) return certificate.checkIP(address) !== undefined;
  // A wildcard is only covered by the same wildcard.
  if (name.startsWith('*.'))
    return (certificate.subjectAltName ?? '').toLowerCase().split(', ').includes(`dns:${name}`);
  return certificate.checkHost(name) !== undefined;
}

function chainDoubts(chain: readonly X509Certificate[]): readonly CertificateDoubt[] {
  const code = 'certificate';
  for (const [index, certificate] of chain.entries()) {
    const next = chain[index + 1];
    if (next === undefined || certificate.checkIssued(next)) continue;
    return [
      {
        code,
        message: `certificate ${index + 2} of the file is not the issuer of certificate ${index + 1}`,
        hint: "the server's own certificate comes first, then each one's issuer",
      },
    ];
  }
  const last = chain.at(-1);
  if (chain.length > 1 || last === undefined || last.checkIssued(last)) return [];
  // Public authorities issue by intermediate certificates, and say where theirs can be had.
  if (!last.infoAccess?.includes('CA Issuers')) return [];
  return [
    {
      code,
      message: `the certificate's issuer is missing in the file: ${oneLine(last.issuer)}`,
      hint: 'add its certificate behind the own one ("fullchain.pem"): many clients do not fetch it',
    },
  ];
}

const day = (time: number): string => new Date(time).toISOString().slice(0, 10);
const oneLine = (name: string): string => name.split('\n').join(', ');
