import { HttpError } from '@webserv/server';

/**
 * Maximum spaces and tabs after a boundary, as gateways may add them; browsers add none. 998 characters fit into a line
 * of mail.
 */
const MAX_PADDING = 998;

const CODE = { tab: 0x09, lf: 0x0a, cr: 0x0d, space: 0x20, dash: 0x2d } as const;

/**
 * Interpretation of the bytes after a boundary: start of a part, end of the form, or part of the content; undefined
 * when more bytes are needed.
 */
export type Ending =
  | { readonly kind: 'part' | 'close'; readonly end: number }
  | { readonly kind: 'content' }
  | undefined;

const CONTENT: Ending = { kind: 'content' };

/** Delimiter line of a part: CRLF, two dashes, the boundary (RFC 2046 §5.1.1). */
export class Delimiter {
  readonly #line: Buffer;

  constructor(boundary: string) {
    this.#line = Buffer.from(`\r\n--${boundary}`, 'latin1');
  }

  /** Returns the index of the next candidate for a delimiter, or -1. */
  find(bytes: Buffer, from: number): number {
    return bytes.indexOf(this.#line, from);
  }

  /** Returns the number of bytes at the end that may be the start of a delimiter. */
  startsAtEnd(bytes: Buffer): number {
    const first = Math.max(0, bytes.length - this.#line.length + 1);
    for (let at = bytes.indexOf(CODE.cr, first); at !== -1; at = bytes.indexOf(CODE.cr, at + 1)) {
      const length = bytes.length - at;
      if (bytes.compare(this.#line, 0, length, at) === 0) return length;
    }
    return 0;
  }

  /**
   * Interprets a candidate by what follows the boundary: `--` for the last one, spaces and tabs, CRLF. Anything else
   * makes it content, since the boundary may be a prefix of another form's boundary.
   * @param isAll no more bytes will come: the last line needs no CRLF
   * @throws HttpError 400 for more padding than allowed
   */
  endingAt(bytes: Buffer, start: number, isAll: boolean): Ending {
    let at = start + this.#line.length;
    if (at + 2 > bytes.length) return undefined;
    const kind = bytes[at] === CODE.dash && bytes[at + 1] === CODE.dash ? 'close' : 'part';
    if (kind === 'close') at += 2;
    const padding = at;
    while (bytes[at] === CODE.space || bytes[at] === CODE.tab) at += 1;
    if (at - padding > MAX_PADDING)
      throw new HttpError(400, { reason: `multipart: more than ${MAX_PADDING} spaces after a boundary` });
    if (bytes[at] === CODE.cr && bytes[at + 1] === CODE.lf) return { kind, end: at + 2 };
    const isCutOff = at === bytes.length || (at + 1 === bytes.length && bytes[at] === CODE.cr);
    if (!isCutOff) return CONTENT;
    return isAll && kind === 'close' ? { kind, end: bytes.length } : undefined;
  }
}
