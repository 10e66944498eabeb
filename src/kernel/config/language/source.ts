import type { Place } from '../../diagnostics/diagnostic.js';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The text of one configuration file; converts offsets to lines and columns. */
export class Source {
  /** As it is shown to people. */
  readonly file: string;
  readonly text: string;
  readonly #lineStarts: number[] = [0];
  /** The line asked for last: a lexer asks for the same one again and again. */
  #line = 0;
  #lineText: string | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
      this.#lineStarts.push(at + 1);
    }
  }

  /** The span from `start` up to but not including `end`, cut at the end of its first line. */
  place(start: number, end: number): Place {
    this.#moveTo(start);
    this.#lineText ??= this.text.slice(this.#startOf(this.#line), this.endOfLine(start));
    const column = start - this.#startOf(this.#line);
    const length = Math.max(1, Math.min(end - start, this.#lineText.length - column));
    return { file: this.file, line: this.#line + 1, column: column + 1, length, text: this.#lineText };
  }

  /** Where the line of `offset` ends, before its line break. */
  endOfLine(offset: number): number {
    this.#moveTo(offset);
    const next = this.#lineStarts[this.#line + 1];
    if (next === undefined) return this.text.length;
    const end = next - 1;
    return end > 0 && this.text.charCodeAt(end - 1) === CARRIAGE_RETURN ? end - 1 : end;
  }

  /** True when only white space precedes it on its line. */
  isFirstOnLine(offset: number): boolean {
    for (let at = offset - 1; at >= 0; at -= 1) {
      const code = this.text.charCodeAt(at);
      if (code === LINE_FEED) return true;
      if (code !== 0x20 && code !== 0x09) return false;
    }
    return true;
  }

  #startOf(line: number): number {
    return this.#lineStarts[line] ?? this.text.length;
  }

  #moveTo(offset: number): void {
    const starts = this.#lineStarts;
    if (offset >= this.#startOf(this.#line) && offset < (starts[this.#line + 1] ?? Infinity)) return;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#startOf(middle) <= offset) low = middle;
      else high = middle - 1;
    }
    this.#line = low;
    this.#lineText = undefined;
  }
}
