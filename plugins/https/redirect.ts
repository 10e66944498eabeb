import {
  type Exchange,
  encodePath,
  escapeHtml,
  type Request,
  type Response,
  type ServerConfig,
} from '@webserv/server';
import { HTTPS_PORT, type TlsPorts } from './tls-ports.js';

/** Bytes that no URI may contain (RFC 3986 §2). Percent signs stay: the target must remain the same. */
const NOT_IN_A_URI = /[^\w\-.~:/?#[\]@!$&'()*+,;=%]/g;

const encodeByte = (byte: string): string =>
  `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

/** Path and query as the client sent them; those of an absolute target (RFC 9112 §3.2.2) too. */
function pathAndQuery({ target, path, query }: Request): string {
  const received = target.startsWith('/') ? target : `${encodePath(path)}${query === '' ? '' : `?${query}`}`;
  return received.replace(NOT_IN_A_URI, encodeByte);
}

/** Certificate authorities ask for these files by plain HTTP (RFC 8555 §8.3). */
function isChallenge({ segments }: Request): boolean {
  return segments.length > 2 && segments[0] === '.well-known' && segments[1] === 'acme-challenge';
}

function redirectTo(location: string, method: string): Response {
  const link = escapeHtml(location);
  return {
    // RFC 9110 §15.4.9: with 301, a client may repeat a POST as GET.
    status: method === 'GET' || method === 'HEAD' ? 301 : 308,
    headers: { 'content-type': 'text/html; charset=utf-8', location },
    body: `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Moved</title><main><h1>Moved</h1><p><a href="${link}">${link}</a></p></main></html>\n`,
  };
}

/** The name of a server in URLs; undefined for one that has only wildcards, or none. */
function nameOf({ names }: ServerConfig): string | undefined {
  return names.find((name) => !name.startsWith('*.'));
}

/** Returns the tap that redirects a server's plain requests. */
export function redirectToHttps(
  server: ServerConfig,
  ports: TlsPorts,
): (exchange: Exchange) => Response | undefined {
  return ({ request, origin }) => {
    const { peer, method } = request;
    // After a forward it is the response to a request that is served in plain, such as its error page.
    if (peer.secure || peer.localPort === 0 || origin !== undefined || isChallenge(request)) return undefined;
    const host = request.host || nameOf(server);
    const port = host === undefined ? undefined : ports.find(host, server);
    // RFC 9110 §15.5.20. Served in plain, the host would be the way around the redirect.
    if (port === undefined) return { status: 421 };
    const authority = port === HTTPS_PORT ? host : `${host}:${port}`;
    return redirectTo(`https://${authority}${pathAndQuery(request)}`, method);
  };
}
