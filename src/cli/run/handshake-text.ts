import type { X509Certificate } from 'node:crypto';
import type { CertificateExplanation, HandshakeExplanation } from '../../inspect/explain-handshake.js';
import type { ServerChoice } from '../../inspect/server-choice.js';
import type { TlsSettings } from '../../kernel/contract/tls.js';
import { formatPlace, type Place } from '../../kernel/diagnostics/diagnostic.js';
import { displayPath } from '../../kernel/diagnostics/display-path.js';
import { expiryOf } from '../../kernel/tls/certificate-checks.js';
import { distinguishedName } from '../../kernel/tls/distinguished-name.js';

const DAY_MS = 86_400_000;
/** Names in one line. */
const MAX_NAMES = 5;

/** ` at site.conf:1:1`, if the place is known. */
export function at(place: Place | undefined): string {
  return place === undefined ? '' : ` at ${formatPlace(place)}`;
}

export function whyServer({ name, isDefault, isOnly }: ServerChoice): string {
  if (name !== undefined) return `it has the name ${name}`;
  if (isOnly) return 'it is the only one on this address';
  return `${isDefault ? 'it is default_server' : 'it is the first'} on this address, for names that no server has`;
}

export function serverText({ server: { names, place } }: Pick<ServerChoice, 'server'>): string {
  return `${names[0] ?? 'without a name'}${at(place)}`;
}

/** The lines about the TLS handshake of a request. */
export function handshakeText(handshake: HandshakeExplanation): readonly string[] {
  const { serverName, choice, settings, certificates, elsewhere } = handshake;
  const asked = serverName === '' ? 'without a server name' : `server name ${serverName}`;
  const lines = [`${asked}: the server ${serverText(choice)}: ${whyServer(choice)}`];
  if (settings.rejectHandshake) return [...lines, 'ssl_reject_handshake on: the handshake is rejected'];
  return [
    ...lines,
    `${settings.protocols.join(', ')}`,
    ...certificates.map(certificateText),
    clientText(settings),
    ...(elsewhere.length === 0
      ? []
      : [`421 for requests on the same connection with the host ${list(elsewhere)}: their TLS differs`]),
  ];
}

function certificateText({ setting: { origin, place }, certificate }: CertificateExplanation): string {
  if (origin.kind === 'internal')
    return `internal certificate${at(place)}, for ${list(origin.names)}: the local authority makes it`;
  const file = `certificate ${displayPath(origin.certificate)}${at(place)}`;
  if (certificate === undefined) return `${file}, which cannot be read`;
  const { subject, issuer } = certificate;
  const signer = subject === issuer ? 'itself' : distinguishedName(issuer);
  return `${file}: ${distinguishedName(subject)}, for ${namesText(certificate)}, issued by ${signer}, ${expiryText(certificate)}`;
}

/** `DNS:a.test, IP Address:127.0.0.1` as `a.test, 127.0.0.1`. */
function namesText({ subjectAltName = '' }: X509Certificate): string {
  const names = subjectAltName
    .split(', ')
    .flatMap((name) => /^(?:DNS|IP Address):(.+)$/.exec(name)?.[1] ?? []);
  return names.length === 0 ? 'no name' : list(names);
}

function expiryText(certificate: X509Certificate): string {
  const expiry = expiryOf(certificate);
  const day = new Date(expiry).toISOString().slice(0, 10);
  const days = Math.floor((expiry - Date.now()) / DAY_MS);
  return days < 0 ? `expired on ${day}` : `expires on ${day}, in ${days} ${days === 1 ? 'day' : 'days'}`;
}

function clientText({ verifyClient, clientCertificate, trustedCertificate }: TlsSettings): string {
  if (verifyClient === 'off') return 'clients need no certificate';
  if (verifyClient === 'optional_no_ca')
    return 'clients may have a certificate; its authority is not checked';
  const authorities = [clientCertificate, trustedCertificate].flatMap((file) =>
    file === undefined ? [] : [`${displayPath(file.path)}${at(file.place)}`],
  );
  const by = `of an authority in ${authorities.join(' or ')}`;
  return verifyClient === 'on'
    ? `clients need a certificate ${by}; without it, every request gets 400`
    : `clients may have a certificate ${by}; with another, every request gets 400`;
}

function list(names: readonly string[]): string {
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return `${names.slice(0, MAX_NAMES).join(', ')}${more}`;
}
