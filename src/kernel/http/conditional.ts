import { parseHttpDate } from './date.js';
import type { Request } from './message.js';

/** Conditional requests, RFC 9110 §13. */

/** The validators of a representation: they identify its version (RFC 9110 §8.8). */
export interface Validators {
  /** An entity-tag with its quotes: `"x"`, or `W/"x"`. */
  readonly etag?: string | undefined;
  /** Milliseconds since 1970. Compared in whole seconds, the precision of HTTP-date. */
  readonly lastModified?: number | undefined;
}

/** `not-modified`: respond with 304. `failed`: respond with 412. */
export type Precondition = 'proceed' | 'not-modified' | 'failed';

const CODE = { tab: 0x09, space: 0x20, exclamation: 0x21, quote: 0x22, comma: 0x2c, delete: 0x7f } as const;

/** Index of the quote that ends the opaque-tag whose characters start at `from`; -1 if it is malformed. */
function closingQuote(list: string, from: number): number {
  for (let index = from; index < list.length; index += 1) {
    const code = list.charCodeAt(index);
    if (code === CODE.quote) return index;
    if (code < CODE.exclamation || code === CODE.delete) return -1;
  }
  return -1;
}

/**
 * Whether `1#entity-tag` (RFC 9110 §5.6.1, §8.8.3) contains the given tag. A tag may contain commas.
 * @returns false if the list is malformed anywhere
 */
function listHolds(list: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  const etagIsWeak = etag.startsWith('W/');
  const opaque = etagIsWeak ? etag.slice(2) : etag;
  let found = false;
  let separated = true;
  let index = 0;
  while (index < list.length) {
    const code = list.charCodeAt(index);
    if (code === CODE.space || code === CODE.tab || code === CODE.comma) {
      separated ||= code === CODE.comma;
      index += 1;
      continue;
    }
    if (!separated) return false;
    const weak = list.startsWith('W/', index);
    const open = weak ? index + 2 : index;
    const close = list.charCodeAt(open) === CODE.quote ? closingQuote(list, open + 1) : -1;
    if (close === -1) return false;
    const comparable = comparison === 'weak' || !(weak || etagIsWeak);
    found ||= comparable && list.slice(open, close + 1) === opaque;
    separated = false;
    index = close + 1;
  }
  return found;
}

function matches(field: string, current: Validators | undefined, comparison: 'strong' | 'weak'): boolean {
  if (current === undefined) return false;
  if (field === '*') return true;
  return current.etag !== undefined && listHolds(field, current.etag, comparison);
}

const wholeSeconds = (ms: number): number => Math.floor(ms / 1000) * 1000;

/** @returns undefined if the field is not a date, or has no date to compare with: the field is ignored then */
function modifiedAfter(field: string, current: Validators | undefined): boolean | undefined {
  if (current?.lastModified === undefined) return undefined;
  const date = parseHttpDate(field);
  return date === undefined ? undefined : wholeSeconds(current.lastModified) > date;
}

/**
 * Evaluates a request's preconditions in the order of RFC 9110 §13.2.2. Call it when the request would succeed without
 * them, before anything is changed. A malformed entity-tag list matches nothing.
 * @param current the selected representation's validators; undefined if no representation exists
 */
export function evaluatePreconditions(
  request: Pick<Request, 'method' | 'headers'>,
  current: Validators | undefined,
): Precondition {
  const { method, headers } = request;
  const ifMatch = headers.get('if-match');
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, current, 'strong')) return 'failed';
  } else {
    const unmodifiedSince = headers.get('if-unmodified-since');
    if (unmodifiedSince !== undefined && modifiedAfter(unmodifiedSince, current) === true) return 'failed';
  }
  const reads = method === 'GET' || method === 'HEAD';
  const ifNoneMatch = headers.get('if-none-match');
  if (ifNoneMatch !== undefined) {
    if (!matches(ifNoneMatch, current, 'weak')) return 'proceed';
    return reads ? 'not-modified' : 'failed';
  }
  if (!reads) return 'proceed';
  const modifiedSince = headers.get('if-modified-since');
  if (modifiedSince === undefined || modifiedAfter(modifiedSince, current) !== false) return 'proceed';
  return 'not-modified';
}

/**
 * Whether If-Range permits the Range field to apply (RFC 9110 §13.1.5): it is absent, holds exactly the current strong
 * entity-tag, or exactly the Last-Modified date. During that second the date is not a strong validator (§8.8.2.2): the
 * file may change again without changing it.
 * @param now milliseconds since 1970
 */
export function evaluateIfRange(
  request: Pick<Request, 'headers'>,
  current: Validators,
  now: number = Date.now(),
): boolean {
  const field = request.headers.get('if-range');
  if (field === undefined) return true;
  if (field.endsWith('"')) return field === current.etag && !field.startsWith('W/');
  const date = parseHttpDate(field);
  if (date === undefined || current.lastModified === undefined) return false;
  const modified = wholeSeconds(current.lastModified);
  return date === modified && now >= modified + 1000;
}
