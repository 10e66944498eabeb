import { parseAuthority } from '../kernel/http/host.js';
import { type DecodedPath, decodePath } from '../kernel/path/url-path.js';
import { UsageError } from './arguments.js';

/** What a URL on the command line asks for. */
export interface RequestUrl {
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** False where it is the scheme's own. */
  readonly isPortNamed: boolean;
  /** undefined for a path that every server refuses with 400. */
  readonly path: DecodedPath | undefined;
  /** Path and query, as a client sends them. */
  readonly target: string;
}

/**
 * A whole URL, one without its scheme, or a path alone: then the server is the first one's.
 * @throws UsageError
 */
export function readRequestUrl(text: string): RequestUrl {
  if (text.startsWith('/')) {
    return { host: undefined, port: undefined, isPortNamed: false, ...readPath(text) };
  }
  const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#]*)([\s\S]*)$/i.exec(text);
  const scheme = match?.[1]?.toLowerCase() ?? 'http';
  if (scheme === 'https') {
    const hint = 'ask as the TLS proxy in front does: by http, with the port it sends to';
    throw new UsageError(`${text}: only http is served`, hint);
  }
  if (scheme !== 'http') throw new UsageError(`${text}: only http is served`);
  const authority = parseAuthority(match?.[2] ?? '');
  if (authority === undefined) {
    throw new UsageError(`${text} is no URL`, 'for example: http://localhost:8080/img/a.png, or /img/a.png');
  }
  const rest = match?.[3] ?? '';
  const path = readPath(rest.startsWith('/') ? rest : `/${rest}`);
  return {
    host: authority.host,
    port: authority.port ?? 80,
    isPortNamed: authority.port !== undefined,
    ...path,
  };
}

/** As a browser sends it: without the fragment, and with what no URL may hold encoded. Dots stay as they are. */
function readPath(text: string): Pick<RequestUrl, 'path' | 'target'> {
  const target = (text.split('#', 1)[0] ?? '').toWellFormed().replace(/[^\x21-\x7e]/gu, encodeURIComponent);
  return { path: decodePath(target.split('?', 1)[0] ?? ''), target };
}
