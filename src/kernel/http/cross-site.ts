import { type Authority, parseAuthority } from './host.js';
import type { Request } from './message.js';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

interface Origin extends Authority {
  readonly scheme: string;
}

/** @returns undefined for `null` and for any text that is not the origin of a page with a host */
function parseOrigin(text: string): Origin | undefined {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)$/i.exec(text);
  const authority = parseAuthority(match?.[2] ?? '');
  return authority && { ...authority, scheme: match?.[1]?.toLowerCase() ?? '' };
}

/**
 * Compares host and port. The scheme may differ: a proxy in front of this server may terminate TLS.
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
 * Whether a page of another site made a browser send this request. For plugins whose requests change something. The
 * browser adds the user's cookies and password, but no page can forge the fields examined here.
 *
 * If `Sec-Fetch-Site` is present, it decides: `same-origin` and `none` (typed by the user) are not cross-site.
 * Otherwise `Origin` must name the host and port that the request is for; `null` does not. A request with neither field
 * comes from a program, not from a page.
 * @param permits whether an origin is allowed anyway, as `route.offers('cors')` says
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
