import { type Authority, parseAuthority } from './host.js';
import type { Request } from './message.js';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

interface Origin extends Authority {
  readonly scheme: string;
}

/** @returns undefined for `null` and for anything else that is not the origin of a page with a host */
function parseOrigin(text: string): Origin | undefined {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)$/i.exec(text);
  const authority = parseAuthority(match?.[2] ?? '');
  return authority && { ...authority, scheme: match?.[1]?.toLowerCase() ?? '' };
}

/**
 * Compares host and port. The scheme may differ: TLS may end in front of this server.
 * @param host the request's Host: with an absolute-form target, that target's authority (RFC 9112 §3.2.2)
 */
function isOwnOrigin(text: string, host: string | undefined): boolean {
  const origin = parseOrigin(text);
  const own = parseAuthority(host ?? '');
  if (origin === undefined || own === undefined || origin.host !== own.host) return false;
  const standard = DEFAULT_PORTS[origin.scheme];
  return (origin.port ?? standard) === (own.port ?? standard);
}

/**
 * Whether a page of another site had a browser send this request, for plugins that change something on request. The
 * browser sends the user's cookies and password along, and no page can forge the fields that are looked at here.
 *
 * `Sec-Fetch-Site` decides where there is one: `same-origin` and `none` (typed by the user) are the site's own. Without
 * it `Origin` must name the host and port that the request is for; `null` does not. A request with neither field comes
 * from a program, not from a page.
 * @param permits origins that may all the same: what `route.offers('cors')` says
 */
export function isCrossSite(
  { headers }: Pick<Request, 'headers'>,
  permits: (origin: string) => boolean = () => false,
): boolean {
  const site = headers.get('sec-fetch-site');
  const origin = headers.get('origin');
  if (site === undefined && origin === undefined) return false;
  if (site === 'same-origin' || site === 'none') return false;
  if (site === undefined && origin !== undefined && isOwnOrigin(origin, headers.get('host'))) return false;
  return origin === undefined || origin === 'null' || !permits(origin);
}
