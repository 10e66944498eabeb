import type { Response, ResponseHeaders } from '@webserv/server';

export function fieldOf(headers: ResponseHeaders | undefined, name: string): string | undefined {
  const value = headers?.[name];
  return typeof value === 'object' ? value.join(', ') : value;
}

/** RFC 9110 §12.5.5: each name once, and `*` stands for them all. */
function withVary(headers: ResponseHeaders): ResponseHeaders {
  const before = fieldOf(headers, 'vary') ?? '';
  const names = before.split(',').map((name) => name.trim().toLowerCase());
  if (names.includes('accept-encoding') || names.includes('*')) return headers;
  return { ...headers, vary: before.trim() === '' ? 'accept-encoding' : `${before}, accept-encoding` };
}

/** The answer as it is, for who takes no coding: others would get it compressed. */
export function varying(response: Response): Response {
  const headers = response.headers ?? {};
  const varied = withVary(headers);
  return varied === headers ? response : { ...response, headers: varied };
}

/**
 * A 304 with the entity-tag in the form in which the client has it: a cache that holds the weak one may not use an
 * answer with the strong one (RFC 9111 §4.3.4).
 */
export function revalidated(response: Response, ifNoneMatch: string | undefined): Response {
  const etag = fieldOf(response.headers, 'etag');
  if (etag === undefined || etag.startsWith('W/') || !ifNoneMatch?.includes(`W/${etag}`)) return response;
  return { ...response, headers: { ...response.headers, etag: `W/${etag}` } };
}

/** What is true of the content as it was only: its length, its ranges, its digests (RFC 9530). */
const OF_THE_PLAIN: ReadonlySet<string> = new Set([
  'content-length',
  'accept-ranges',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
]);

/**
 * What stands in the header of a compressed answer. Its entity-tag is weak (RFC 9110 §8.8.1): the bytes differ by the
 * coding, the meaning does not, and a revalidation compares weakly.
 */
export function compressedHeaders(headers: ResponseHeaders, encoding: string): ResponseHeaders {
  const kept = Object.entries(withVary(headers)).filter(([name]) => !OF_THE_PLAIN.has(name));
  const etag = fieldOf(headers, 'etag');
  return {
    ...Object.fromEntries(kept),
    'content-encoding': encoding,
    ...(etag === undefined || etag.startsWith('W/') ? {} : { etag: `W/${etag}` }),
  };
}
