import { lowerCase } from './characters.js';
import type { RequestHeaders } from './message.js';

/** Offsets per field line: where its name starts and ends, where its value starts and ends. */
const STRIDE = 4;

/**
 * A request's field lines as offsets into their text. Names and values are copied and lowercased only when requested:
 * most fields of most requests never are.
 */
export class FieldLines implements RequestHeaders {
  /** All lines, each with its line break. */
  readonly text: string;
  readonly #offsets: readonly number[];
  /** A bit for each name length that occurs: usually shows without a search that a field is absent. */
  readonly #lengths: number;

  /**
   * @param text the lines, one character per byte
   * @param offsets four per line, into `text`
   * @param lengths bit `n & 31` is set if a name has length n
   */
  constructor(text: string, offsets: readonly number[], lengths: number) {
    this.text = text;
    this.#offsets = offsets;
    this.#lengths = lengths;
  }

  get size(): number {
    return this.#offsets.length / STRIDE;
  }

  get(name: string): string | undefined {
    const first = this.#find(name, 0);
    if (first === -1) return undefined;
    let value = this.#value(first);
    const separator = name === 'cookie' ? '; ' : ', ';
    for (let next = this.#find(name, first + STRIDE); next !== -1; next = this.#find(name, next + STRIDE)) {
      value += separator + this.#value(next);
    }
    return value;
  }

  /** The value of the only line with that name; undefined if no line or several lines have it. */
  single(name: string): string | undefined {
    const first = this.#find(name, 0);
    if (first === -1 || this.#find(name, first + STRIDE) !== -1) return undefined;
    return this.#value(first);
  }

  has(name: string): boolean {
    return this.#find(name, 0) !== -1;
  }

  all(name: string): readonly string[] {
    const values: string[] = [];
    for (let at = this.#find(name, 0); at !== -1; at = this.#find(name, at + STRIDE))
      values.push(this.#value(at));
    return values;
  }

  *[Symbol.iterator](): IterableIterator<readonly [name: string, value: string]> {
    for (let at = 0; at < this.#offsets.length; at += STRIDE) {
      yield [this.text.slice(this.#offsets[at], this.#offsets[at + 1]).toLowerCase(), this.#value(at)];
    }
  }

  /** The same lines, with the Host field replaced. */
  withHost(value: string): FieldLines {
    const at = this.#find('host', 0);
    const name = 'Host';
    const start = this.text.length;
    const valueStart = start + name.length + 2;
    const line = [start, start + name.length, valueStart, valueStart + value.length];
    const offsets = [...this.#offsets];
    offsets.splice(at === -1 ? offsets.length : at, at === -1 ? 0 : STRIDE, ...line);
    return new FieldLines(`${this.text}${name}: ${value}\r\n`, offsets, this.#lengths | (1 << name.length));
  }

  #value(at: number): string {
    return this.text.slice(this.#offsets[at + 2], this.#offsets[at + 3]);
  }

  /** Index in the offsets of the next line with that name, from `at` on; -1 if none follows. */
  #find(name: string, at: number): number {
    const { length } = name;
    if ((this.#lengths & (1 << (length & 31))) === 0) return -1;
    const offsets = this.#offsets;
    for (let line = at; line < offsets.length; line += STRIDE) {
      const start = offsets[line] ?? 0;
      if ((offsets[line + 1] ?? 0) - start === length && this.#matches(name, start)) return line;
    }
    return -1;
  }

  #matches(name: string, start: number): boolean {
    for (let index = 0; index < name.length; index += 1) {
      if (lowerCase[this.text.charCodeAt(start + index)] !== name.charCodeAt(index)) return false;
    }
    return true;
  }
}
