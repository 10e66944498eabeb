import type { X509Certificate } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { CertificateSetting, TlsSettings } from '../kernel/contract/tls.js';
import { displayPath } from '../kernel/diagnostics/display-path.js';
import type { Bound } from '../kernel/exchange/endpoints.js';
import { isMisdirected } from '../kernel/exchange/misdirected.js';
import type { BuiltSite } from '../kernel/server/site-builder.js';
import { certificatesOf } from '../kernel/tls/key-pair.js';
import { readPemFile } from '../kernel/tls/pem-file.js';
import { choiceOf, listensOf, type ServerChoice } from './server-choice.js';

/** A certificate that the client may get. */
export interface CertificateExplanation {
  readonly setting: CertificateSetting;
  /** undefined where it cannot be read, and where it is not made before the server starts. */
  readonly certificate: X509Certificate | undefined;
}

/** The TLS handshake of a request. */
export interface HandshakeExplanation {
  /** The name that the client sends (RFC 6066 §3); empty for an address, which is not sent. */
  readonly serverName: string;
  readonly choice: ServerChoice;
  readonly settings: TlsSettings;
  readonly certificates: readonly CertificateExplanation[];
  /** Whether the request gets 421. */
  readonly isMisdirected: boolean;
  /** The names of the address whose requests get 421 on the same connection; `any other name` for the default server. */
  readonly elsewhere: readonly string[];
}

export interface HandshakeQuestion {
  readonly bound: Bound;
  /** The server of the request. */
  readonly built: BuiltSite;
  readonly sites: readonly BuiltSite[];
  /** As in the URL; empty without one. */
  readonly host: string;
}

/** Explains a handshake by the tables that it uses itself. */
export async function explainHandshake({
  bound: { listen, endpoint },
  built,
  sites,
  host,
}: HandshakeQuestion): Promise<HandshakeExplanation | undefined> {
  const serverName = host.startsWith('[') || isIPv4(host) ? '' : host;
  const site = serverName === '' ? endpoint.fallback : endpoint.find(serverName);
  const server = sites.find((each) => each.site === site)?.server;
  if (server?.tls === undefined) return undefined;
  const servers = sites.map((each) => each.server);
  const handshake = { policy: site.tls, isNamed: serverName !== '' };
  const others = sites.filter(
    (other) => listensOf(other.server, listen).length > 0 && isMisdirected(other.site.tls, handshake),
  );
  return {
    serverName,
    choice: choiceOf(server, serverName, listen, servers),
    settings: server.tls,
    certificates: await Promise.all(server.tls.certificates.map(explainCertificate)),
    isMisdirected: isMisdirected(built.site.tls, handshake),
    elsewhere: others.flatMap((other) => [
      ...other.server.names,
      ...(other.site === endpoint.fallback ? ['any other name'] : []),
    ]),
  };
}

async function explainCertificate(setting: CertificateSetting): Promise<CertificateExplanation> {
  const { origin } = setting;
  if (origin.kind !== 'files') return { setting, certificate: undefined };
  try {
    const { bytes } = await readPemFile(origin.certificate);
    const [certificate] = certificatesOf(bytes.toString('latin1'), displayPath(origin.certificate));
    return { setting, certificate };
  } catch {
    // The reason is shown with the diagnostics of the configuration.
    return { setting, certificate: undefined };
  }
}
