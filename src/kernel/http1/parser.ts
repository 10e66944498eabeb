import { CR, hexValue, isPath, isQuery, isToken, LF, PERCENT, QUESTION, SPACE } from '../http/characters.js';
import { HttpError } from '../http/errors.js';
import type { FieldLines } from '../http/fields.js';
import { bad, FieldSection, INCOMPLETE } from './field-section.js';

/** Limits of a request's head, in bytes except the count. */
export interface HeadLimits {
  /** The request line without its line break; beyond it 414 (RFC 9110 §15.5.15). */
  readonly requestLine: number;
  /** The whole head; beyond it 431 (RFC 6585 §5). */
  readonly head: number;
  /** Number of field lines; beyond it 431. */
  readonly fieldCount: number;
}

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** Where the target's query starts (after its `?`); -1 without one. */
  readonly queryStart: number;
  /** Any later HTTP/1 version counts as 1.1 (RFC 9110 §2.5). */
  readonly version: '1.0' | '1.1';
  readonly fields: FieldLines;
}

/** Longer than the name of any registered method. */
const MAX_METHOD = 32;
const VERSION_LENGTH = 8; // HTTP/1.1

/**
 * Parses one request head at a time (RFC 9112 §2–§5), strictly: only CRLF ends a line, no folding, no white space where
 * the grammar has none. It parses whole lines; an incomplete line is parsed again from its start when more bytes
 * arrive, at a cost that the limits bound.
 */
export class HeadParser {
  readonly #limits: HeadLimits;
  readonly #fields: FieldSection;
  /** Bytes of an incomplete head, kept between packets. */
  #incomplete: Buffer | undefined;
  /** Position of the next unread line, relative to the head's start. */
  #next = 0;
  /** Position of the field lines, relative to the head's start. */
  #fieldsStart = 0;
  #emptyLines = 0;
  // Positions in the request line, relative to the head's start: its text is created once, as a whole.
  #methodStart = 0;
  #methodEnd = 0;
  #targetEnd = 0;
  #queryStart = -1;
  #version: '1.0' | '1.1' = '1.1';
  #hasRequestLine = false;
  /** The bytes of a rejected head. */
  #rejected: Buffer | undefined;
  /** How many bytes of the last packet belong to the head that `push` completed. */
  consumed = 0;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    // Fields with an underscore in their name are ignored, as in nginx: CGI could not distinguish them from names with
    // a dash.
    this.#fields = new FieldSection({ maxCount: limits.fieldCount, keepsUnderscores: false });
  }

  /** True if a head has begun and is incomplete. An empty line before the head does not count. */
  get started(): boolean {
    return this.#hasRequestLine || (this.#incomplete !== undefined && this.#incomplete.length > this.#next);
  }

  /** The first bytes of an incomplete or rejected head, for logs; one character per byte. */
  received(bytes: number): string {
    return (
      (this.#rejected ?? this.#incomplete)?.toString(
        'latin1',
        this.#emptyLines * 2,
        this.#emptyLines * 2 + bytes,
      ) ?? ''
    );
  }

  /**
   * Adds received bytes, from `start` on.
   * @returns the head if it is complete (`consumed` is then the number of these bytes that belong to it), otherwise
   *   undefined
   * @throws HttpError 400, 414, 431, 505: the connection cannot be used afterwards
   */
  push(packet: Buffer, start: number): RequestHead | undefined {
    const incomplete = this.#incomplete;
    const bytes =
      incomplete === undefined
        ? packet
        : Buffer.concat([incomplete, start === 0 ? packet : packet.subarray(start)]);
    const origin = incomplete === undefined ? start : 0;
    const end = this.#readChecked(bytes, origin);
    if (end === INCOMPLETE) {
      this.#incomplete = origin === 0 ? bytes : bytes.subarray(origin);
      return undefined;
    }
    this.consumed = end - origin - (incomplete?.length ?? 0);
    const line = bytes.toString('latin1', origin + this.#methodStart, origin + this.#targetEnd);
    const methodLength = this.#methodEnd - this.#methodStart;
    const head: RequestHead = {
      method: line.slice(0, methodLength),
      target: line.slice(methodLength + 1),
      queryStart: this.#queryStart,
      version: this.#version,
      fields: this.#fields.take(bytes, origin + this.#fieldsStart, end),
    };
    this.#reset();
    return head;
  }

  #reset(): void {
    this.#incomplete = undefined;
    this.#next = 0;
    this.#emptyLines = 0;
    this.#hasRequestLine = false;
  }

  #readChecked(bytes: Buffer, origin: number): number {
    try {
      const end = this.#readLines(bytes, origin);
      if (end === INCOMPLETE && bytes.length - origin > this.#limits.head)
        throw new HttpError(431, { reason: 'header too large' });
      return end;
    } catch (error) {
      this.#rejected = bytes.subarray(origin);
      throw error;
    }
  }

  /**
   * Never examines bytes beyond the head's limit: errors there must not affect the response, or it would depend on how
   * the bytes were split into packets.
   * @returns the position after the head's last byte, or INCOMPLETE
   */
  #readLines(bytes: Buffer, origin: number): number {
    const limit = Math.min(bytes.length, origin + this.#limits.head);
    let at = origin + this.#next;
    while (!this.#hasRequestLine) {
      const next = this.#readRequestLine(bytes, at, limit, origin);
      if (next === INCOMPLETE) return INCOMPLETE;
      at = next;
      this.#next = at - origin;
      this.#fieldsStart = this.#next;
    }
    return this.#fields.read(bytes, origin + this.#fieldsStart, limit);
  }

  #readRequestLine(bytes: Buffer, start: number, end: number, origin: number): number {
    if (start >= end) return INCOMPLETE;
    if (bytes[start] === CR) return this.#skipEmptyLine(bytes, start, end);

    let at = start;
    while (at < end && isToken[bytes[at] ?? 0] === 1) at += 1;
    if (at - start > MAX_METHOD) throw bad('method too long');
    if (at >= end) return INCOMPLETE;
    if (at === start || bytes[at] !== SPACE) throw bad('malformed method');
    const methodEnd = at;

    const targetStart = at + 1;
    const targetEnd = this.#scanTarget(bytes, targetStart, end, start + this.#limits.requestLine + 1);
    if (targetEnd === INCOMPLETE) return INCOMPLETE;
    const versionStart = targetEnd + 1;
    const lineEnd = versionStart + VERSION_LENGTH;
    if (lineEnd - start > this.#limits.requestLine)
      throw new HttpError(414, { reason: 'request line too long' });
    checkVersionSyntax(bytes, versionStart, Math.min(end, lineEnd));
    if (end < lineEnd) return INCOMPLETE;
    this.#version = readVersion(bytes, versionStart);
    if (end < lineEnd + 2) return INCOMPLETE;
    if (bytes[lineEnd] !== CR || bytes[lineEnd + 1] !== LF) throw bad('malformed request line');
    this.#methodStart = start - origin;
    this.#methodEnd = methodEnd - origin;
    this.#targetEnd = targetEnd - origin;
    if (this.#queryStart !== -1) this.#queryStart -= targetStart;
    this.#hasRequestLine = true;
    return lineEnd + 2;
  }

  /** Skips a single empty line before a request line (RFC 9112 §2.2). */
  #skipEmptyLine(bytes: Buffer, start: number, end: number): number {
    if (start + 1 >= end) return INCOMPLETE;
    if (bytes[start + 1] !== LF || this.#emptyLines === 1) throw bad('malformed request line');
    this.#emptyLines += 1;
    return start + 2;
  }

  /**
   * @param limit where the target must have ended
   * @returns the position of the space after the target
   */
  #scanTarget(bytes: Buffer, start: number, end: number, limit: number): number {
    const last = Math.min(end, limit);
    this.#queryStart = -1;
    for (let at = start; at < last; at += 1) {
      const byte = bytes[at] ?? 0;
      if (isPath[byte] === 1) continue;
      if (byte === SPACE) {
        if (at === start) throw bad('empty request target');
        return at;
      }
      if (byte === QUESTION) {
        this.#queryStart = at + 1;
        const space = endOfQuery(bytes, at + 1, last);
        if (space !== INCOMPLETE) return space;
        break;
      }
      if (byte !== PERCENT) throw bad('invalid character in request target');
      if (at + 2 >= end) return INCOMPLETE;
      checkEscape(bytes[at + 1] ?? 0, bytes[at + 2] ?? 0);
      at += 2;
    }
    if (limit < end) throw new HttpError(414, { reason: 'request line too long' });
    return INCOMPLETE;
  }
}

/** @returns the position of the space after the query, or INCOMPLETE */
function endOfQuery(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (isQuery[byte] === 1) continue;
    if (byte === SPACE) return at;
    throw bad('invalid character in request target');
  }
  return INCOMPLETE;
}

/** A path may encode any byte: it is decoded into a segment, and encoded again in any output. */
function checkEscape(first: number, second: number): void {
  if (hexValue[first] === 255 || hexValue[second] === 255) throw bad('malformed percent-encoding');
}

const VERSION = Buffer.from('HTTP/d.d');
const DIGIT = 0x64; // the placeholder d above

/** Checks `HTTP/d.d` (RFC 9112 §2.3) as far as it has arrived: an invalid line is rejected before its end. */
function checkVersionSyntax(bytes: Buffer, start: number, end: number): void {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    const wanted = VERSION[at - start];
    if (wanted === DIGIT ? byte < 0x30 || byte > 0x39 : byte !== wanted) throw bad('malformed HTTP version');
  }
}

/** Any other major version is 505 (RFC 9110 §15.6.6); a higher minor version counts as the highest known (§2.5). */
function readVersion(bytes: Buffer, start: number): '1.0' | '1.1' {
  const major = (bytes[start + 5] ?? 0) - 0x30;
  const minor = (bytes[start + 7] ?? 0) - 0x30;
  if (major !== 1) throw new HttpError(505, { reason: 'HTTP version not supported' });
  return minor === 0 ? '1.0' : '1.1';
}
