import type { Finding, Place, ServerConfig } from '@webserv/server';
import type { TlsPorts } from './tls-ports.js';

export const codes = {
  'https-redirect': 'https_redirect has no effect, or no TLS server to redirect to',
  'hsts-without-tls': 'hsts has no effect: the server does not speak TLS',
} as const;

export function hstsWithoutTls(place: Place): Finding {
  const message = '"hsts" has no effect: no address of this server speaks TLS';
  const hint = 'browsers accept it over HTTPS only: listen 443 ssl;';
  return { code: 'hsts-without-tls', message, place, hint };
}

export function noPlainAddress(place: Place): Finding {
  const message = '"https_redirect" has no effect: no TCP address of this server is without TLS';
  return { code: 'https-redirect', message, place, hint: 'add: listen 80;' };
}

/** The finding about a server some of whose hosts cannot be redirected; undefined if all can be. */
export function withoutTlsServer(
  server: ServerConfig,
  ports: TlsPorts,
  place: Place | undefined,
): Finding | undefined {
  const code = 'https-redirect';
  if (ports.isEmpty) {
    const message = '"https_redirect" has no server to redirect to: every request gets 421';
    return { code, message, place, hint: 'add a server with "listen 443 ssl;" and a certificate' };
  }
  const missing = server.names.filter((name) => ports.find(name, server) === undefined);
  if (missing.length === 0) return undefined;
  const shown = missing.slice(0, 5).map((name) => `"${name}"`);
  const more = missing.length > shown.length ? ` and ${missing.length - shown.length} more` : '';
  const message = `no TLS server is called ${shown.join(', ')}${more}: "https_redirect" responds with 421 there`;
  return { code, message, place, hint: 'add the name to the server with "listen 443 ssl;"' };
}
