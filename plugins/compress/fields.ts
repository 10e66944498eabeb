import type { Response, ResponseHeaders } from '@webserv/server';

export function fieldOf(headers: ResponseHeaders | undefined, name: string): string | undefined {
  const value = headers?.[name];
  return typeof value === 'object' ? value.join(', ') : value;
}

/** Adds Accept-Encoding to Vary, unless it or `*` is already there (RFC 9110 §12.5.5). */
function withVary(headers: ResponseHeaders): ResponseHeaders {
  const before = fieldOf(headers, 'vary') ?? '';
  const names = before.split(',').map((name) => name.trim().toLowerCase());
  if (names.includes('accept-encoding') || names.includes('*')) return headers;
  return { ...headers, vary: before.trim() === '' ? 'accept-encoding' : `${before}, accept-encoding` };
}

/** Returns the unencoded response with Vary: other clients get it compressed. */
export function varying(response: Response): Response {
  const headers = response.headers ?? {};
  const varied = withVary(headers);
  return varied === headers ? response : { ...response, headers: varied };
}

/**
 * Returns a 304 with the entity-tag in the form that the client has: a cache that holds the weak one may not use a
 * response with the strong one (RFC 9111 §4.3.4).
 */
export function revalidated(response: Response, ifNoneMatch: string | undefined): Response {
  const etag = fieldOf(response.headers, 'etag');
  if (etag === undefined || etag.startsWith('W/') || !ifNoneMatch?.includes(`W/${etag}`)) return response;
  return { ...response, headers: { ...response.headers, etag: `W/${etag}` } };
}

/** Fields that apply to the unencoded content only: its length, ranges and digests (RFC 9530). */
const UNENCODED_ONLY: ReadonlySet<string> = new Set([
  'content-length',
  'accept-ranges',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
]);

/**
 * Header fields of a compressed response. Its entity-tag is weak (RFC 9110 §8.8.1): the bytes differ by coding, the
 * meaning does not, and revalidation uses weak comparison.
 */
export function compressedHeaders(headers: ResponseHeaders, encoding: string): ResponseHeaders {
  const kept = Object.entries(withVary(headers)).filter(([name]) => !UNENCODED_ONLY.has(name));
  const etag = fieldOf(headers, 'etag');
  return {
    ...Object.fromEntries(kept),
    'content-encoding': encoding,
    ...(etag === undefined || etag.startsWith('W/') ? {} : { etag: `W/${etag}` }),
  };
}
