import type { DirectiveUse } from '../../contract/directive.js';
import type { Findings } from '../../diagnostics/findings.js';
import type { Environment } from './environment.js';
import { Lexer, type Token } from './lexer.js';
import type { Source } from './source.js';

/** Blocks in blocks. Real configurations have four; what walks the tree may recurse. */
export const MAX_DEPTH = 64;

interface OpenBlock {
  /** Offsets of its `{` and of its directive. */
  readonly brace: number;
  readonly start: number;
  readonly name: string;
  readonly uses: DirectiveUse[];
}

type Word = Extract<Token, { kind: 'word' }>;

/**
 * Converts text in the configuration language to directives. Errors are reported, and parsing continues behind them.
 */
export function parseConf(
  source: Source,
  environment: Environment,
  findings: Findings,
): readonly DirectiveUse[] {
  const nul = source.text.indexOf('\0');
  if (nul !== -1) {
    findings.error('forbidden-character', 'the text holds a NUL byte', source.place(nul, nul + 1));
    return [];
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
  /** The first `}` whose column is not that of the block it closes, with that block. */
  #suspect: { readonly at: number; readonly block: OpenBlock } | undefined;

  constructor(source: Source, environment: Environment, findings: Findings) {
    this.#source = source;
    this.#findings = findings;
    this.#lexer = new Lexer(source, environment, findings);
  }

  parse(): readonly DirectiveUse[] {
    for (;;) {
      const token = this.#lexer.next();
      if (token.kind === 'word') this.#words.push(token);
      else if (token.kind === 'semicolon') this.#semicolon(token);
      else if (token.kind === 'close') this.#close(token);
      else if (token.kind === 'end') return this.#end();
      else if (!this.#openBlock(token)) return this.#main;
    }
  }

  #semicolon(token: Token): void {
    if (this.#words.length > 0) this.#finish(undefined);
    else {
      const place = this.#source.place(token.start, token.end);
      this.#findings.error('unexpected-semicolon', 'expected a directive before this ";"', place, {
        hint: 'remove it; a block ends with "}" only',
      });
    }
  }

  /** @returns false when the text is nested too deep to go on */
  #openBlock(token: Token): boolean {
    const place = () => this.#source.place(token.start, token.end);
    if (this.#open.length >= MAX_DEPTH) {
      this.#findings.error('too-deep', `blocks are nested more than ${MAX_DEPTH} deep`, place());
      this.#findings.lostBalance();
      return false;
    }
    const [first] = this.#words;
    const uses: DirectiveUse[] = [];
    if (first === undefined) {
      this.#findings.error('unexpected-brace', 'a block needs a name before its "{"', place());
      this.#findings.lostBalance();
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
      this.#findings.error('unexpected-brace', 'this "}" closes no block', place);
      this.#findings.lostBalance();
      return;
    }
    const { start } = block;
    if (this.#suspect !== undefined || !this.#source.isFirstOnLine(token.start)) return;
    if (!this.#source.isFirstOnLine(start)) return;
    if (this.#column(token.start) !== this.#column(start)) this.#suspect = { at: token.start, block };
  }

  #end(): readonly DirectiveUse[] {
    this.#finishWithoutSemicolon('the end of the file');
    const [outermost] = this.#open;
    if (outermost !== undefined) this.#findings.lostBalance();
    for (const block of this.#open) this.#unclosed(block, block === outermost);
    return this.#main;
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
            hint: `is a "}" missing before line ${this.#source.place(suspect.at, suspect.at).line}? The one there is not indented as the block it closes`,
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
