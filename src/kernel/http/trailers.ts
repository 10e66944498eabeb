import { checkValue, IllegalFieldError, sentName } from './field-rules.js';
import type { Request, Response, ResponseHeaders } from './message.js';

/**
 * Names that must not be trailer fields (RFC 9110 §6.5.1): framing, routing, request modifiers, authentication, and what decides
 * how the response is handled or its body is read.
 */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'cache-control',
  'content-encoding',
  'content-range',
  'content-type',
  'expect',
  'expires',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'location',
  'max-forwards',
  'pragma',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'range',
  'retry-after',
  'set-cookie',
  'te',
  'upgrade',
  'vary',
  'warning',
  'www-authenticate',
]);

/** Whether a client says that it reads trailer fields: `TE: trailers` (RFC 9110 §10.1.4). */
export function readsTrailers({ headers }: Pick<Request, 'headers'>): boolean {
  const value = headers.get('te');
  return value?.split(',').some((member) => member.trim().toLowerCase() === 'trailers') === true;
}

/**
 * The trailer fields that a response announces in its `trailer` field, as they are sent, by name in lower case. Undefined
 * for a response that has none.
 * @throws IllegalFieldError for a name that may not be in a trailer section
 */
export function announcedTrailers({ headers, trailers }: Response): ReadonlyMap<string, string> | undefined {
  if (trailers === undefined) return undefined;
  const names = new Map<string, string>();
  for (const name of [headers?.trailer ?? ''].flat().join(',').toLowerCase().split(',')) {
    const trimmed = name.trim();
    const sent = sentName(trimmed);
    if (sent === '' || FORBIDDEN.has(trimmed))
      throw new IllegalFieldError(trimmed, 'it may not be a trailer field (RFC 9110 §6.5.1)');
    names.set(trimmed, sent);
  }
  return names;
}

/**
 * The fields to send behind a body that has ended. Fields that were not announced are left out.
 * @throws IllegalFieldError, and what the plugin's function throws
 */
export function* trailerFields(
  { trailers }: Response,
  announced: ReadonlyMap<string, string>,
): Generator<readonly [name: string, value: string]> {
  const fields: ResponseHeaders = trailers?.() ?? {};
  for (const [name, given] of Object.entries(fields)) {
    const sent = announced.get(name.toLowerCase());
    if (sent === undefined) continue;
    for (const value of [given].flat()) yield [sent, checkValue(name, value)];
  }
}
