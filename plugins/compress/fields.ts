import type { Response, ResponseHeaders } from '@webserv/server';
import { fieldOf } from './eligible.js';

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
 * What stands in the header of a compressed answer. Its entity-tag is weak (RFC 9110 §8.8.1): the bytes differ by the
 * coding, the meaning does not, and a revalidation compares weakly.
 */
export function compressedHeaders(headers: ResponseHeaders, encoding: string): ResponseHeaders {
  const kept = Object.entries(withVary(headers)).filter(
    ([name]) => name !== 'content-length' && name !== 'accept-ranges',
  );
  const etag = fieldOf(headers, 'etag');
  return {
    ...Object.fromEntries(kept),
    'content-encoding': encoding,
    ...(etag === undefined || etag.startsWith('W/') ? {} : { etag: `W/${etag}` }),
  };
}
