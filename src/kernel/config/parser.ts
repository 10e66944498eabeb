import type { Environment } from './environment.js';
import type { Findings } from './findings.js';
import { Lexer, type Token } from './lexer.js';
import type { DirectiveUse } from './schema.js';
import type { Source } from './source.js';

/** Blocks in blocks. Real configurations have four; what walks the tree may recurse. */
export const MAX_DEPTH = 64;

interface OpenBlock {
  /** Where its `{` stands, and where its directive starts. */
  readonly brace: number;
  readonly start: number;
  readonly name: string;
  readonly uses: DirectiveUse[];
}

type Word = Extract<Token, { kind: 'word' }>;

export interface Parsed {
  readonly uses: readonly DirectiveUse[];
  /** False when a brace is missing somewhere: then what stands in which block is a guess. */
  readonly balanced: boolean;
}

/** Text in the configuration language → directives. Its mistakes are reported, and it goes on behind them. */
export function parseConf(source: Source, environment: Environment, findings: Findings): Parsed {
  const nul = source.text.indexOf('\0');
  if (nul !== -1) {
    findings.error('forbidden-character', 'the text holds a NUL byte', source.place(nul, nul + 1));
    return { uses: [], balanced: false };
  }
  return new Parser(source, environment, findings).parse();
}

class Parser {
  readonly #source: Source;
  readonly #lexer: Lexer;
  readonly #findings: Findings;
  readonly #main: DirectiveUse[] = [];
  readonly #open: OpenBlock[] = [];
  #words: Word[] = [];
  #balanced = true;
  /** The first `}` that does not stand below the start of the block it closes, with that block. */
  #suspect: { readonly at: number; readonly block: OpenBlock } | undefined;

  constructor(source: Source, environment: Environment, findings: Findings) {
    this.#source = source;
    this.#findings = findings;
    this.#lexer = new Lexer(source, environment, findings);
  }

  parse(): Parsed {
    for (;;) {
      const token = this.#lexer.next();
      if (token.kind === 'word') this.#words.push(token);
      else if (token.kind === 'semicolon') this.#semicolon(token);
      else if (token.kind === 'close') this.#close(token);
      else if (token.kind === 'end') return this.#end();
      else if (!this.#openBlock(token)) return { uses: this.#main, balanced: false };
    }
  }

  #semicolon(token: Token): void {
    if (this.#words.length > 0) this.#finish(undefined);
    else {
      const place = this.#source.place(token.start, token.end);
      this.#findings.error('unexpected-semicolon', 'there is no directive before this ";"', place, {
        hint: 'take it out; a block ends with "}" alone',
      });
    }
  }

  /** @returns false when the text is nested too deep to go on */
  #openBlock(token: Token): boolean {
    const place = () => this.#source.place(token.start, token.end);
    if (this.#open.length >= MAX_DEPTH) {
      this.#findings.error('too-deep', `blocks are nested more than ${MAX_DEPTH} deep`, place());
      return false;
    }
    const [first] = this.#words;
    const uses: DirectiveUse[] = [];
    if (first === undefined) {
      this.#findings.error('unexpected-brace', 'a block needs a name before its "{"', place());
      this.#balanced = false;
    } else this.#finish(uses);
    this.#open.push({
      brace: token.start,
      start: first?.start ?? token.start,
      name: first?.text ?? '',
      uses,
    });
    return true;
  }

  #close(token: Token): void {
    this.#finishWithoutSemicolon('"}"');
    const block = this.#open.pop();
    if (block === undefined) {
      const place = this.#source.place(token.start, token.end);
      this.#findings.error('unexpected-brace', 'there is no block that this "}" could close', place);
      this.#balanced = false;
      return;
    }
    const { start } = block;
    if (this.#suspect !== undefined || !this.#source.isFirstOnLine(token.start)) return;
    if (!this.#source.isFirstOnLine(start)) return;
    if (this.#column(token.start) !== this.#column(start)) this.#suspect = { at: token.start, block };
  }

  #end(): Parsed {
    this.#finishWithoutSemicolon('the end of the file');
    const [outermost] = this.#open;
    if (outermost === undefined) return { uses: this.#main, balanced: this.#balanced };
    for (const block of this.#open) this.#unclosed(block, block === outermost);
    return { uses: this.#main, balanced: false };
  }

  #unclosed(block: OpenBlock, isOutermost: boolean): void {
    const suspect = isOutermost ? this.#suspect : undefined;
    this.#findings.error(
      'unclosed-block',
      `the block of "${block.name}" that opens here is never closed`,
      this.#source.place(block.brace, block.brace + 1),
      suspect === undefined
        ? {}
        : {
            hint: 'by its indentation, the last "}" shown does not belong to the block it closes: is one missing before it?',
            related: [
              {
                message: 'this block …',
                place: this.#source.place(suspect.block.brace, suspect.block.brace + 1),
              },
              { message: '… is closed here', place: this.#source.place(suspect.at, suspect.at + 1) },
            ],
          },
    );
  }

  #finishWithoutSemicolon(before: string): void {
    const last = this.#words.at(-1);
    if (last === undefined) return;
    const place = this.#source.place(last.end, last.end + 1);
    this.#findings.error('missing-semicolon', `";" is missing before ${before}`, place);
    this.#finish(undefined);
  }

  /** The words read so far are one directive. */
  #finish(block: readonly DirectiveUse[] | undefined): void {
    const [name, ...rest] = this.#words;
    this.#words = [];
    if (name === undefined) return;
    const at = (word: Word) => this.#source.place(word.start, word.end);
    const use: DirectiveUse = {
      name: name.text,
      place: at(name),
      arguments: rest.map((word) => ({ text: word.text, place: at(word) })),
      block,
    };
    (this.#open.at(-1)?.uses ?? this.#main).push(use);
  }

  #column(offset: number): number {
    return this.#source.place(offset, offset + 1).column;
  }
}
