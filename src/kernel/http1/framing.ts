import { HttpError } from '../http/errors.js';
import type { FieldLines } from '../http/fields.js';
import type { RequestHead } from './parser.js';

/** How a request's content is delimited (RFC 9112 §6). */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' };

const NONE: Framing = { kind: 'none' };
const CHUNKED: Framing = { kind: 'chunked' };

function bad(reason: string): HttpError {
  return new HttpError(400, { reason });
}

/**
 * Where the request's content ends. Every disagreement two parsers could have about it is refused: two lengths, a
 * length beside a coding, a coding in HTTP/1.0, a coding list that does not end in one single `chunked`.
 * @throws HttpError 400, or 501 for a transfer coding we do not know: the connection cannot be used any further
 */
export function readFraming(head: RequestHead): Framing {
  const { fields } = head;
  const hasLength = fields.has('content-length');
  if (!fields.has('transfer-encoding')) return hasLength ? contentLength(fields) : NONE;
  if (hasLength) throw bad('Content-Length beside Transfer-Encoding');
  if (head.version === '1.0') throw bad('Transfer-Encoding in HTTP/1.0');
  return transferEncoding(fields.get('transfer-encoding') ?? '');
}

/** Digits without leading zeros, one line only (RFC 9110 §8.6); beyond 2^53 no byte could be counted. */
function contentLength(fields: FieldLines): Framing {
  const value = fields.single('content-length');
  if (value === undefined) throw bad('more than one Content-Length');
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(value)) throw bad('invalid Content-Length');
  const length = Number(value);
  if (!Number.isSafeInteger(length)) throw bad('invalid Content-Length');
  return length === 0 ? NONE : { kind: 'length', length };
}

/** A list's member, transfer-coding of RFC 9112 §7; a quoted parameter counts as malformed: no coding has one. */
const CODING =
  /^[ \t]*([!#$%&'*+\-.^_`|~0-9a-z]+)((?:[ \t]*;[ \t]*[!#$%&'*+\-.^_`|~0-9a-z]+[ \t]*=[ \t]*[!#$%&'*+\-.^_`|~0-9a-z]+)*)[ \t]*$/;

function transferEncoding(value: string): Framing {
  const list = value.toLowerCase();
  if (list === 'chunked') return CHUNKED;
  const codings = list.split(',');
  codings.forEach((coding, index) => {
    const [, name, parameters] = CODING.exec(coding) ?? [];
    if (name === undefined) throw bad('malformed Transfer-Encoding');
    if (name !== 'chunked') return;
    if (parameters !== '') throw bad('chunked has no parameters');
    if (index !== codings.length - 1) throw bad('chunked is not the final transfer coding');
  });
  // RFC 9112 §6.1: a coding that is not understood.
  throw new HttpError(501, { reason: 'transfer coding not implemented' });
}

/** True when the connection may be used for another request, as far as the client says (RFC 9112 §9.3). */
export function wantsKeepAlive(head: RequestHead): boolean {
  const value = head.fields.get('connection');
  if (value === undefined) return head.version === '1.1';
  // What nearly every client that sends it says, without a list to be made.
  if (value === 'keep-alive') return true;
  const options = value
    .toLowerCase()
    .split(',')
    .map((option) => option.trim());
  if (options.includes('close')) return false;
  return head.version === '1.1' || options.includes('keep-alive');
}

/**
 * True when the client waits for `100 Continue` before it sends its content (RFC 9110 §10.1.1).
 * @throws HttpError 417 for any other expectation
 */
export function expectsContinue(head: RequestHead, framing: Framing): boolean {
  const value = head.fields.get('expect');
  if (value === undefined) return false;
  if (value.toLowerCase() !== '100-continue') throw new HttpError(417, { reason: 'unknown expectation' });
  // An HTTP/1.0 client's expectation is ignored, and one without content has nothing to wait for.
  return head.version === '1.1' && framing.kind !== 'none';
}
