import { parseArgs } from 'node:util';
import { errorMessage } from '../kernel/diagnostics/error-text.js';
import { nearest } from '../kernel/diagnostics/suggest.js';

/** An error in the command line. */
export class UsageError extends Error {
  /** Tells the user what to write instead. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'UsageError';
    this.hint = hint;
  }
}

/** A flag of a command, as `node:util` parseArgs takes it, with its text for `--help`. */
export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May be given several times. */
  readonly multiple?: boolean;
  /** Placeholder of its value in the help: `FILE`. */
  readonly value?: string;
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

export type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true }>
>;

/** @throws UsageError that names the error and suggests the flag that was probably meant */
export function parse<O extends Options>(options: O, args: readonly string[]): Parsed<O> {
  check(options, args);
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // The first sentence of a message of parseArgs names the error.
    const reason = errorMessage(error);
    throw new UsageError(reason.split('\n', 1)[0] ?? reason);
  }
}

/** Index of the first argument that is not a flag; undefined when all are flags. */
export function firstPositional(options: Options, args: readonly string[]): number | undefined {
  return tokensOf(options, args).find(({ kind }) => kind === 'positional')?.index;
}

function tokensOf(options: Options, args: readonly string[]) {
  return parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true }).tokens;
}

/** @throws UsageError for an unknown flag, or a flag without its value */
export function check(options: Options, args: readonly string[]): void {
  const seen = new Set<string>();
  for (const token of tokensOf(options, args)) {
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined) throw new UsageError(`unknown flag ${rawName}`, suggestion(options, name));
    if (option.type === 'boolean' && value !== undefined)
      throw new UsageError(`${rawName} does not take a value`);
    if (option.type === 'string' && (value === undefined || value === '')) {
      throw new UsageError(`${rawName} needs a value`, `usage: ${rawName} ${option.value ?? 'VALUE'}`);
    }
    if (option.type === 'string' && option.multiple !== true && seen.has(name))
      throw new UsageError(`${rawName} is given twice`);
    seen.add(name);
  }
}

function suggestion(options: Options, name: string): string | undefined {
  // For a single letter, every other letter is equally near.
  const meant = name.length > 1 ? nearestOf(name, Object.keys(options)) : undefined;
  return meant === undefined ? undefined : `did you mean --${meant}?`;
}

/** The known word that was most probably meant. */
export function nearestOf(word: string, known: readonly string[]): string | undefined {
  // `nearest` compares directive names, which have underscores where a command line has dashes.
  const found = nearest(
    word,
    known.map((name) => name.replaceAll('-', '_')),
  );
  return found?.replaceAll('_', '-');
}
