import { parseAuthority } from '../kernel/http/host.js';
import { type DecodedPath, decodePath } from '../kernel/path/url-path.js';
import { UsageError } from './arguments.js';

/** The request that a URL on the command line describes. */
export interface RequestUrl {
  /** undefined where none is written: the one that is spoken at the address. */
  readonly scheme: 'http' | 'https' | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** False when the port is the scheme's default. */
  readonly isPortNamed: boolean;
  /** undefined for a path that every server rejects with 400. */
  readonly path: DecodedPath | undefined;
  /** Path and query, as a client sends them. */
  readonly target: string;
}

/**
 * Reads a whole URL, a URL without its scheme, or a path alone. A path alone is for the first address of the
 * configuration.
 * @throws UsageError
 */
export function readRequestUrl(text: string): RequestUrl {
  if (text.startsWith('/')) {
    return { scheme: undefined, host: undefined, port: undefined, isPortNamed: false, ...readPath(text) };
  }
  const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#]*)([\s\S]*)$/i.exec(text);
  const scheme = match?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https')
    throw new UsageError(`${text}: only http and https are supported`);
  const authority = parseAuthority(match?.[2] ?? '');
  if (authority === undefined) {
    throw new UsageError(
      `${text} is not a URL`,
      'for example: http://localhost:8080/img/a.png, or /img/a.png',
    );
  }
  const rest = match?.[3] ?? '';
  const path = readPath(rest.startsWith('/') ? rest : `/${rest}`);
  return {
    scheme,
    host: authority.host,
    port: authority.port ?? (scheme === 'https' ? 443 : 80),
    isPortNamed: authority.port !== undefined,
    ...path,
  };
}

/**
 * Encodes the path as a browser does: without the fragment, and with characters percent-encoded that a URL may not
 * contain. Dot segments are kept.
 */
function readPath(text: string): Pick<RequestUrl, 'path' | 'target'> {
  const target = (text.split('#', 1)[0] ?? '').toWellFormed().replace(/[^\x21-\x7e]/gu, encodeURIComponent);
  return { path: decodePath(target.split('?', 1)[0] ?? ''), target };
}
