import type { Place } from '../../diagnostics/diagnostic.js';
import type { Findings } from '../../diagnostics/findings.js';
import { type Environment, type Reference, readReference, reportReference } from './environment.js';
import type { Source } from './source.js';

export type Token =
  | { readonly kind: 'word'; readonly text: string; readonly start: number; readonly end: number }
  | { readonly kind: 'semicolon' | 'open' | 'close' | 'end'; readonly start: number; readonly end: number };

const CODE = {
  tab: 0x09,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  space: 0x20,
  doubleQuote: 0x22,
  hash: 0x23,
  dollar: 0x24,
  singleQuote: 0x27,
  semicolon: 0x3b,
  backslash: 0x5c,
  open: 0x7b,
  close: 0x7d,
} as const;

/** Characters that a backslash escapes. In front of any other character, the backslash is a character itself. */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ...Array.from('"\'\\;{}#$ ', (char) => [char, char] as const),
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
]);

function isSpace(code: number): boolean {
  return code === CODE.space || code === CODE.lineFeed || code === CODE.tab || code === CODE.carriageReturn;
}

/** Splits a configuration into words and punctuation by nginx's rules. Errors are reported, never thrown. */
export class Lexer {
  readonly #source: Source;
  readonly #text: string;
  readonly #environment: Environment;
  readonly #findings: Findings;
  #at = 0;

  constructor(source: Source, environment: Environment, findings: Findings) {
    this.#source = source;
    this.#text = source.text;
    this.#environment = environment;
    this.#findings = findings;
  }

  next(): Token {
    this.#skip();
    const start = this.#at;
    if (start >= this.#text.length) return { kind: 'end', start, end: start };
    switch (this.#text.charCodeAt(start)) {
      case CODE.semicolon:
        return this.#punctuation('semicolon');
      case CODE.open:
        return this.#punctuation('open');
      case CODE.close:
        return this.#punctuation('close');
      case CODE.doubleQuote:
      case CODE.singleQuote:
        return this.#quoted();
      default:
        return this.#word();
    }
  }

  #punctuation(kind: 'semicolon' | 'open' | 'close'): Token {
    this.#at += 1;
    return { kind, start: this.#at - 1, end: this.#at };
  }

  /** White space and comments. */
  #skip(): void {
    while (this.#at < this.#text.length) {
      const code = this.#text.charCodeAt(this.#at);
      if (isSpace(code)) this.#at += 1;
      else if (code === CODE.hash) this.#at = this.#source.endOfLine(this.#at);
      else return;
    }
  }

  #word(): Extract<Token, { kind: 'word' }> {
    const start = this.#at;
    let at = start;
    while (at < this.#text.length) {
      const code = this.#text.charCodeAt(at);
      if (isSpace(code) || code === CODE.semicolon || code === CODE.open || code === CODE.close) break;
      if (code === CODE.backslash) {
        // The brace of an escaped ${ is no block's.
        const isDollar = this.#text.charCodeAt(at + 1) === CODE.dollar;
        at = (isDollar ? this.#reference(at + 1, this.#text.length)?.end : undefined) ?? at + 2;
      } else if (code === CODE.dollar) at = this.#reference(at, this.#text.length)?.end ?? at + 1;
      else at += 1;
    }
    const end = Math.min(at, this.#text.length);
    this.#at = end;
    return { kind: 'word', text: this.#decode(start, end), start, end };
  }

  #quoted(): Token {
    const start = this.#at;
    const closing = this.#closingQuote(start);
    if (closing === undefined) return this.#unclosed(start, undefined);
    const after = closing + 1;
    if (!this.#isDelimiter(after)) {
      // A text over several lines with more text behind it: a quote was forgotten in its first line.
      if (this.#source.endOfLine(start) < after) return this.#unclosed(start, closing);
      const place = this.#place(after, after + 1);
      this.#findings.error('unexpected-text', 'a space is missing after the closing quote', place);
      this.#at = after;
      const rest = this.#word();
      return { ...rest, text: this.#decode(start + 1, closing) + rest.text, start };
    }
    this.#at = after;
    return { kind: 'word', text: this.#decode(start + 1, closing), start, end: after };
  }

  #closingQuote(start: number): number | undefined {
    const quote = this.#text.charCodeAt(start);
    for (let at = start + 1; at < this.#text.length; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code === quote) return at;
      if (code === CODE.backslash) at += 1;
    }
    return undefined;
  }

  #isDelimiter(at: number): boolean {
    const code = this.#text.charCodeAt(at);
    const isPunctuation = code === CODE.semicolon || code === CODE.open || code === CODE.close;
    return at >= this.#text.length || isPunctuation || isSpace(code);
  }

  /** Reads on as if the quote were closed where its line ends, before a `;` there. */
  #unclosed(start: number, closing: number | undefined): Token {
    const place = this.#place(start, start + 1);
    if (closing === undefined) this.#findings.error('unclosed-quote', 'this quote is never closed', place);
    else {
      const related = [{ message: 'only this one would close it', place: this.#place(closing, closing + 1) }];
      this.#findings.error('unclosed-quote', 'this quote is not closed on its line', place, { related });
    }
    let end = this.#source.endOfLine(start);
    while (end > start + 1 && isSpace(this.#text.charCodeAt(end - 1))) end -= 1;
    if (end > start + 1 && this.#text.charCodeAt(end - 1) === CODE.semicolon) end -= 1;
    this.#at = end;
    return { kind: 'word', text: this.#decode(start + 1, end), start, end };
  }

  /** The text between two offsets with its escapes and environment variables filled in. */
  #decode(start: number, end: number): string {
    const text = this.#text;
    let decoded = '';
    let from = start;
    let at = start;
    while (at < end) {
      const code = text.charCodeAt(at);
      let part: string | undefined;
      let next = at + 1;
      if (code === CODE.backslash) {
        part = ESCAPES.get(text.charAt(at + 1));
        next = at + 2;
      } else if (code === CODE.dollar) {
        const reference = this.#reference(at, end);
        if (reference !== undefined) {
          next = reference.end;
          part = reference.text;
          reportReference(reference, this.#place(at, next), this.#findings);
        }
      }
      if (part !== undefined) {
        decoded += text.slice(from, at) + part;
        from = next;
      }
      at = next;
    }
    return from === start ? text.slice(start, end) : decoded + text.slice(from, end);
  }

  #reference(at: number, limit: number): Reference | undefined {
    return readReference(this.#text, at, limit, this.#environment);
  }

  #place(start: number, end: number): Place {
    return this.#source.place(start, end);
  }
}
