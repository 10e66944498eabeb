import { HttpError } from '../http/errors.js';
import {
  type BoundedBody,
  boundedBody,
  emptyBody,
  type IncomingRequest,
  type RequestHeaders,
} from '../http/message.js';
import { RoutedRequest } from '../http/routed-request.js';
import { decodePath } from '../path/url-path.js';
import type { LiveExchange } from './exchange.js';

/** A loop of error pages, local redirects and `try_files` ends here. */
const MAX_FORWARDS = 10;

/** Fields that describe the client's body or its copy of the first target, and do not apply to another one. */
const CONTENT_FIELDS: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'content-range',
  'transfer-encoding',
  'expect',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
]);

class HeadersWithout implements RequestHeaders {
  readonly #inner: RequestHeaders;
  readonly #hidden: ReadonlySet<string>;

  constructor(inner: RequestHeaders, hidden: ReadonlySet<string>) {
    this.#inner = inner;
    this.#hidden = hidden;
  }

  get(name: string): string | undefined {
    return this.#hidden.has(name) ? undefined : this.#inner.get(name);
  }

  has(name: string): boolean {
    return !this.#hidden.has(name) && this.#inner.has(name);
  }

  all(name: string): readonly string[] {
    return this.#hidden.has(name) ? [] : this.#inner.all(name);
  }

  *[Symbol.iterator](): IterableIterator<readonly [name: string, value: string]> {
    for (const line of this.#inner) if (!this.#hidden.has(line[0])) yield line;
  }
}

/**
 * The request an exchange is forwarded with.
 * @param target an absolute path with an optional query
 * @param method undefined keeps the method and the content
 * @throws HttpError 500 after too many forwards, 400 for a target that is not a path
 */
export function forwardedRequest(
  from: LiveExchange,
  target: string,
  method: string | undefined,
): IncomingRequest {
  let depth = 0;
  for (let at: LiveExchange | undefined = from; at !== undefined; at = at.origin) depth += 1;
  if (depth > MAX_FORWARDS)
    throw new HttpError(500, { reason: `forwarded more than ${MAX_FORWARDS} times, last to ${target}` });
  const question = target.indexOf('?');
  const path = decodePath(question === -1 ? target : target.slice(0, question));
  if (path === undefined) throw new HttpError(400, { reason: `cannot forward to ${target}` });
  const { request } = from;
  const content: { readonly headers: RequestHeaders; readonly body: BoundedBody } =
    method === undefined
      ? { headers: request.headers, body: from[boundedBody] }
      : { headers: new HeadersWithout(request.headers, CONTENT_FIELDS), body: emptyBody };
  const parts = {
    method: method ?? request.method,
    target: request.target,
    path,
    query: question === -1 ? '' : target.slice(question + 1),
    host: request.host,
    version: request.version,
    peer: request.peer,
    headers: content.headers,
  };
  return new RoutedRequest(parts, content.body);
}
