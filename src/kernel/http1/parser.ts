import { CR, hexValue, isPath, isQuery, isToken, LF, PERCENT, QUESTION, SPACE } from '../http/characters.js';
import { HttpError } from '../http/errors.js';
import type { FieldLines } from '../http/fields.js';
import { bad, FieldSection, INCOMPLETE } from './field-section.js';

/** Bounds of a request's head. Bytes, but for the count. */
export interface HeadLimits {
  /** The request line without its line break; beyond it 414 (RFC 9110 §15.5.15). */
  readonly requestLine: number;
  /** The whole head; beyond it 431 (RFC 6585 §5). */
  readonly head: number;
  /** Field lines; beyond it 431. */
  readonly fieldCount: number;
}

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** Where the target's query starts (behind its `?`); -1 without one. */
  readonly queryStart: number;
  /** Every later version of HTTP/1 is read as 1.1 (RFC 9110 §2.5). */
  readonly version: '1.0' | '1.1';
  readonly fields: FieldLines;
}

/** Longer than any registered method's name; what follows cannot be one. */
const MAX_METHOD = 32;
const VERSION_LENGTH = 8; // HTTP/1.1

/**
 * Reads one request head at a time (RFC 9112 §2–§5), strictly: CRLF and nothing else ends a line, no folding, no
 * white space where the grammar has none. It reads whole lines; a line that is not complete is read again from its
 * start when more has come, which the limits bound.
 */
export class HeadParser {
  readonly #limits: HeadLimits;
  readonly #fields: FieldSection;
  /** Bytes of an unfinished head, kept between packets. */
  #kept: Buffer | undefined;
  /** Position of the next unread line, from the head's start. */
  #next = 0;
  /** Where the field lines begin, from the head's start. */
  #fieldsStart = 0;
  #emptyLines = 0;
  // Where the request line's parts are, from the head's start: its text is made once, for all of it.
  #methodStart = 0;
  #methodEnd = 0;
  #targetEnd = 0;
  #queryStart = -1;
  #version: '1.0' | '1.1' = '1.1';
  #hasRequestLine = false;
  /** The head that was refused. */
  #refused: Buffer | undefined;
  /** How many bytes of the last packet belong to the head that `push` completed. */
  consumed = 0;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    // A name with an underscore is dropped, as nginx does: CGI and its kin cannot tell it from one with a dash.
    this.#fields = new FieldSection({ maxCount: limits.fieldCount, keepsUnderscores: false });
  }

  /** True when a head was begun and is not complete; an empty line before it is no beginning. */
  get started(): boolean {
    return this.#hasRequestLine || (this.#kept !== undefined && this.#kept.length > this.#next);
  }

  /** What has come of a head that is not complete, or was refused, for logs: its first bytes, one character a byte. */
  received(bytes: number): string {
    return (
      (this.#refused ?? this.#kept)?.toString('latin1', this.#emptyLines * 2, this.#emptyLines * 2 + bytes) ??
      ''
    );
  }

  /**
   * Takes the bytes that came, from `start` on.
   * @returns the head when it is complete (`consumed` then tells how many of these bytes it took), else undefined
   * @throws HttpError 400, 414, 431, 505: the connection cannot be used any further
   */
  push(packet: Buffer, start: number): RequestHead | undefined {
    const kept = this.#kept;
    const bytes =
      kept === undefined ? packet : Buffer.concat([kept, start === 0 ? packet : packet.subarray(start)]);
    const origin = kept === undefined ? start : 0;
    const end = this.#readChecked(bytes, origin);
    if (end === INCOMPLETE) {
      this.#kept = origin === 0 ? bytes : bytes.subarray(origin);
      return undefined;
    }
    this.consumed = end - origin - (kept?.length ?? 0);
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
    this.#kept = undefined;
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
      this.#refused = bytes.subarray(origin);
      throw error;
    }
  }

  /**
   * Never looks beyond the head's limit: what is wrong there must not change the answer, or it would depend on how the
   * bytes came.
   * @returns the position behind the head's last byte, or INCOMPLETE
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

  /** One empty line before a request line is skipped (RFC 9112 §2.2). */
  #skipEmptyLine(bytes: Buffer, start: number, end: number): number {
    if (start + 1 >= end) return INCOMPLETE;
    if (bytes[start + 1] !== LF || this.#emptyLines === 1) throw bad('malformed request line');
    this.#emptyLines += 1;
    return start + 2;
  }

  /**
   * @param limit where the target must have ended
   * @returns the position of the space behind the target
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

/** @returns the position of the space behind the query, or INCOMPLETE */
function endOfQuery(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (isQuery[byte] === 1) continue;
    if (byte === SPACE) return at;
    throw bad('invalid character in request target');
  }
  return INCOMPLETE;
}

/** In a path any byte may be encoded: it is decoded into a segment, and encoded again wherever it leaves. */
function checkEscape(first: number, second: number): void {
  if (hexValue[first] === 255 || hexValue[second] === 255) throw bad('malformed percent-encoding');
}

const VERSION = Buffer.from('HTTP/d.d');
const DIGIT = 0x64; // the d above

/**
 * `HTTP/d.d` exactly (RFC 9112 §2.3), as far as it has come: a line that can only go wrong is refused before its end.
 */
function checkVersionSyntax(bytes: Buffer, start: number, end: number): void {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    const wanted = VERSION[at - start];
    if (wanted === DIGIT ? byte < 0x30 || byte > 0x39 : byte !== wanted) throw bad('malformed HTTP version');
  }
}

/** Any other major version is 505 (RFC 9110 §15.6.6); a higher minor version is read as the highest known (§2.5). */
function readVersion(bytes: Buffer, start: number): '1.0' | '1.1' {
  const major = (bytes[start + 5] ?? 0) - 0x30;
  const minor = (bytes[start + 7] ?? 0) - 0x30;
  if (major !== 1) throw new HttpError(505, { reason: 'HTTP version not supported' });
  return minor === 0 ? '1.0' : '1.1';
}
