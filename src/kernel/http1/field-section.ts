import { COLON, CR, isFieldValue, isToken, LF, SPACE, TAB, UNDERSCORE } from '../http/characters.js';
import { HttpError } from '../http/errors.js';
import { FieldLines } from '../http/fields.js';

/** Returned if the available bytes end before the line does. */
export const INCOMPLETE = -1;

/**
 * Maximum bytes of a field section that is cached. Clients that keep a connection send the same lines again and again:
 * a browser with each image of a page, a proxy or monitor with every request.
 */
const MAX_CACHED = 2048;

export interface FieldSectionOptions {
  /** Maximum number of field lines; more are rejected with 431 (RFC 6585 §5). */
  readonly maxCount: number;
  /** False to ignore lines whose name contains an underscore. */
  readonly keepsUnderscores: boolean;
}

export function bad(reason: string): HttpError {
  return new HttpError(400, { reason });
}

/**
 * Parses the field lines of a request or response, and the empty line after them (RFC 9112 §5), strictly: only CRLF
 * ends a line, no folding, no white space before the colon. An incomplete line is parsed again from its start when more
 * bytes arrive.
 */
export class FieldSection {
  readonly #options: FieldSectionOptions;
  /** Position of the next unread line, relative to the section's start. */
  #next = 0;
  #offsets: number[] = [];
  #lengths = 0;
  #count = 0;
  /** The lines of the previous section, including the empty line. */
  #cached: FieldLines | undefined;
  /** Set if the lines are identical to the previous section's. */
  #repeated: FieldLines | undefined;

  constructor(options: FieldSectionOptions) {
    this.#options = options;
  }

  /**
   * @param start where the section begins in these bytes
   * @param limit end of the bytes that may be examined
   * @returns the position after the empty line, or INCOMPLETE
   * @throws HttpError 400, 431
   */
  read(bytes: Buffer, start: number, limit: number): number {
    if (this.#next === 0 && this.#isSame(bytes, start, limit)) {
      this.#repeated = this.#cached;
      return start + (this.#cached?.text.length ?? 0);
    }
    let at = start + this.#next;
    for (;;) {
      if (bytes[at] === CR) {
        if (at + 1 >= limit) return INCOMPLETE;
        if (bytes[at + 1] !== LF) throw bad('bare CR');
        return at + 2;
      }
      const next = this.#readLine(bytes, at, limit, start);
      if (next === INCOMPLETE) return INCOMPLETE;
      at = next;
      this.#next = at - start;
    }
  }

  /** Returns the parsed lines, after `read` has found their end, and resets for the next section. */
  take(bytes: Buffer, start: number, end: number): FieldLines {
    const lines = this.#repeated ?? this.#linesOf(bytes.toString('latin1', start, end));
    this.#next = 0;
    this.#repeated = undefined;
    this.#offsets = [];
    this.#lengths = 0;
    this.#count = 0;
    return lines;
  }

  #linesOf(text: string): FieldLines {
    const lines = new FieldLines(text, this.#offsets, this.#lengths);
    this.#cached = text.length > MAX_CACHED ? undefined : lines;
    return lines;
  }

  /** Whether the complete lines of the previous section are repeated here. */
  #isSame(bytes: Buffer, start: number, limit: number): boolean {
    const known = this.#cached?.text;
    if (known === undefined || start + known.length > limit) return false;
    return bytes.toString('latin1', start, start + known.length) === known;
  }

  /** @param origin where the section begins: positions are relative to it */
  #readLine(bytes: Buffer, start: number, end: number, origin: number): number {
    let at = start;
    let underscore = false;
    let byte = 0;
    for (; at < end; at += 1) {
      byte = bytes[at] ?? 0;
      if (isToken[byte] !== 1) break;
      if (byte === UNDERSCORE) underscore = true;
    }
    if (at >= end) return INCOMPLETE;
    if (byte !== COLON || at === start) throw bad('malformed header field name');
    const nameEnd = at;

    at += 1;
    while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at += 1;
    const valueStart = at;
    while (at < end && isFieldValue[bytes[at] ?? 0] === 1) at += 1;
    if (at + 1 >= end) {
      if (at < end && bytes[at] !== CR) throw bad('invalid character in header field value');
      return INCOMPLETE;
    }
    if (bytes[at] !== CR || bytes[at + 1] !== LF) throw bad('invalid character in header field value');
    let valueEnd = at;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB))
      valueEnd -= 1;

    this.#count += 1;
    if (this.#count > this.#options.maxCount) throw new HttpError(431, { reason: 'too many header fields' });
    if (!underscore || this.#options.keepsUnderscores) {
      this.#offsets.push(start - origin, nameEnd - origin, valueStart - origin, valueEnd - origin);
      this.#lengths |= 1 << ((nameEnd - start) & 31);
    }
    return at + 2;
  }
}
