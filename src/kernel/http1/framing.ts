import { HttpError } from '../http/errors.js';
import type { FieldLines } from '../http/fields.js';
import type { RequestHead } from './parser.js';

/** How a request's body is delimited (RFC 9112 §6). */
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
 * Determines where the request's body ends. Rejects everything that two parsers could interpret differently: two
 * lengths, a length together with a coding, a coding in HTTP/1.0, a list of codings that does not end in exactly one
 * `chunked`.
 * @throws HttpError 400, or 501 for an unknown transfer coding: the connection cannot be used afterwards
 */
export function readFraming(head: RequestHead): Framing {
  const { fields } = head;
  const hasLength = fields.has('content-length');
  if (!fields.has('transfer-encoding')) return hasLength ? contentLength(fields) : NONE;
  if (hasLength) throw bad('both Content-Length and Transfer-Encoding');
  if (head.version === '1.0') throw bad('Transfer-Encoding in HTTP/1.0');
  return transferEncoding(fields.get('transfer-encoding') ?? '');
}

/** Digits without leading zeros, one line only (RFC 9110 §8.6). Lengths beyond 2^53 - 1 cannot be counted exactly. */
function contentLength(fields: FieldLines): Framing {
  const value = fields.single('content-length');
  if (value === undefined) throw bad('more than one Content-Length');
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(value)) throw bad('invalid Content-Length');
  const length = Number(value);
  if (!Number.isSafeInteger(length)) throw bad('invalid Content-Length');
  return length === 0 ? NONE : { kind: 'length', length };
}

/** A transfer-coding in a list (RFC 9112 §7). A quoted parameter counts as malformed, because no coding has one. */
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
  // RFC 9112 §6.1: the coding is not known.
  throw new HttpError(501, { reason: 'transfer coding not implemented' });
}

/** True if the client permits another request on the connection (RFC 9112 §9.3). */
export function wantsKeepAlive(head: RequestHead): boolean {
  const value = head.fields.get('connection');
  if (value === undefined) return head.version === '1.1';
  // The usual value, checked without building a list.
  if (value === 'keep-alive') return true;
  const options = value
    .toLowerCase()
    .split(',')
    .map((option) => option.trim());
  if (options.includes('close')) return false;
  return head.version === '1.1' || options.includes('keep-alive');
}

/**
 * True if the client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1).
 * @throws HttpError 417 for any other expectation
 */
export function expectsContinue(head: RequestHead, framing: Framing): boolean {
  const value = head.fields.get('expect');
  if (value === undefined) return false;
  if (value.toLowerCase() !== '100-continue') throw new HttpError(417, { reason: 'unknown expectation' });
  // The expectation of an HTTP/1.0 client is ignored, and a request without a body has nothing to wait for.
  return head.version === '1.1' && framing.kind !== 'none';
}
