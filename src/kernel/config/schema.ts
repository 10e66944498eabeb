import { resolve } from 'node:path';
import { compileTemplate, type Template, UnknownVariable } from '../template.js';
import { type VariableTable, variablePrefixes } from '../variables.js';
import type { Place } from './diagnostic.js';
import { nearest } from './suggest.js';

/**
 * Directives as declarative tables: name, where, arguments, default, how it inherits, one line of help. The loader
 * checks and inherits by them, the documentation is printed from them, and the plugins' option types flow from them.
 */

/** The blocks of a configuration, outermost first. */
export type Context = 'main' | 'server' | 'location';

/** One word of a directive, with where it stands. */
export interface Argument {
  readonly text: string;
  readonly place: Place;
}

/** One directive as written: `name argument…;` or `name argument… { … }`. */
export interface DirectiveUse {
  readonly name: string;
  /** The name's place. */
  readonly place: Place;
  readonly arguments: readonly Argument[];
  /** The directives of its block; undefined without one. */
  readonly block: readonly DirectiveUse[] | undefined;
}

/** What reading an argument may need to know. */
export interface Scope {
  /** What relative paths start from: `server_dir`. Absolute. */
  readonly base: string;
  /** The variables a text may use: the kernel's and the plugins'. */
  readonly variables: VariableTable;
}

/** Why an argument is wrong. The loader adds the place; without an `argument` that is the directive's name. */
export class ArgumentError extends Error {
  readonly argument: Argument | undefined;
  readonly hint: string | undefined;

  constructor(message: string, options: { argument?: Argument; hint?: string } = {}) {
    super(message);
    this.name = 'ArgumentError';
    this.argument = options.argument;
    this.hint = options.hint;
  }
}

/** As https://json-schema.org/draft-07/json-schema-validation has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

type JsonScalar = string | number | boolean;

/** How one argument is written and read. */
export interface ArgumentType<T> {
  /** As shown in a usage line: `SIZE`, `on|off`. */
  readonly usage: string;
  /** Completes "expected …": `a size in bytes, such as 10m`. */
  readonly expected: string;
  /** The JSON Schemas of which a value must fit one; any text, number or boolean when left out. */
  readonly json?: readonly JsonSchema[];
  /**
   * @returns undefined when the text is not of this type; the message is made from `expected`
   * @throws ArgumentError for what can be told better
   */
  read(text: string, scope: Scope): T | undefined;
}

/** How a block that does not have the directive gets its value from the block around it. */
export type Inheritance =
  /** The value of the nearest block around it that has the directive; its own uses replace that. */
  | 'nearest'
  /** The outer value with this block's own added. */
  | 'merge'
  /** The default, whatever stands outside. */
  | 'none';

/** One row of a directive table. T is the value a route (or the main block) ends up with. */
export interface Directive<T> {
  readonly contexts: readonly Context[];
  readonly help: string;
  /** What follows the name: `CODE… [=CODE] URI`. */
  readonly usage: string;
  readonly minArguments: number;
  /** Infinity when there is no bound. */
  readonly maxArguments: number;
  /** Of the arguments in their order, the last one of all further ones too; where they are known one by one. */
  readonly argumentTypes?: readonly ArgumentType<unknown>[];
  /** May stand more than once in one block. */
  readonly repeatable: boolean;
  readonly inheritance: Inheritance;
  /** A whole directive as people write it, for the documentation and messages: `client_max_body_size 10m;`. */
  readonly example: string | undefined;
  /** The value where no block has the directive. */
  readonly fallback: T;
  /** It as people would write it, where that cannot be told from the value: `stderr info`. */
  readonly writtenDefault?: string;
  /**
   * The value from this block's uses (at least one; argument counts already checked) and the value around it.
   * Every mistake is reported; the value then does not matter.
   */
  read(
    uses: readonly DirectiveUse[],
    outer: T,
    scope: Scope,
    report: (use: DirectiveUse, error: ArgumentError) => void,
  ): T;
}

export type DirectiveTable = Readonly<Record<string, Directive<unknown>>>;

/** The options a table's directives become: each directive's name with its value. */
export type OptionsOf<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Directive<infer T> ? T : never;
};

// Argument types

const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const TIME_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
};

/** `10m`, as nginx: bytes, or with k, m or g (powers of 1024). */
export function readSize(text: string): number | undefined {
  const match = /^(\d{1,15})([kmg]?)$/i.exec(text);
  const unit = SIZE_UNITS[match?.[2]?.toLowerCase() ?? ''];
  if (match === null || unit === undefined) return undefined;
  const bytes = Number(match[1]) * unit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** `1h30m`, as nginx: parts from the largest unit to the smallest; a bare number is seconds. In milliseconds. */
export function readDuration(text: string): number | undefined {
  if (!/^(?:\d{1,10}(?:ms|[smhdwMy]))*(?:\d{1,10})?$/.test(text) || text === '') return undefined;
  let total = 0;
  let previous = Number.POSITIVE_INFINITY;
  for (const [, digits, unit] of text.matchAll(/(\d+)(ms|[smhdwMy])?/g)) {
    const factor = TIME_UNITS[unit ?? 's'] ?? 1000;
    if (factor >= previous) return undefined;
    previous = factor;
    total += Number(digits) * factor;
  }
  return Number.isSafeInteger(total) ? total : undefined;
}

function readTemplate(text: string, { variables }: Scope): Template {
  try {
    return compileTemplate(text, variables);
  } catch (error) {
    if (!(error instanceof UnknownVariable)) throw error;
    const meant = nearest(error.variable, [...Object.keys(variables), ...Object.keys(variablePrefixes)]);
    const hint = meant === undefined ? 'for a dollar sign itself write $$' : `did you mean "$${meant}"?`;
    throw new ArgumentError(error.message, { hint });
  }
}

/** In JSON and YAML, `on` may be written as true, and `5` as a number. */
function jsonSpellings(word: string): readonly JsonScalar[] {
  if (word === 'on' || word === 'off') return [word, word === 'on'];
  return String(Number(word)) === word ? [word, Number(word)] : [word];
}

export const argument = {
  flag: {
    usage: 'on|off',
    expected: '"on" or "off"',
    json: [{ enum: ['on', 'off'].flatMap(jsonSpellings) }],
    read: (text) => (text === 'on' ? true : text === 'off' ? false : undefined),
  },
  size: {
    usage: 'SIZE',
    expected: 'a size in bytes, such as 512, 16k, 10m or 1g',
    json: [
      { type: 'integer', minimum: 0 },
      { type: 'string', pattern: '^[0-9]{1,15}[kmgKMG]?$' },
    ],
    read: readSize,
  },
  duration: {
    usage: 'TIME',
    expected: 'a time, such as 30s, 500ms or 1h30m',
    json: [
      { type: 'integer', minimum: 0 },
      { type: 'string', pattern: '^(?=.)(?:[0-9]{1,10}(?:ms|[smhdwMy]))*(?:[0-9]{1,10})?$' },
    ],
    read: readDuration,
  },
  text: { usage: 'TEXT', expected: 'a text', read: (text) => text },
  path: {
    usage: 'PATH',
    expected: 'a path',
    json: [{ type: ['string', 'number', 'boolean'], minLength: 1 }],
    read: (text, scope) => (text === '' || text.includes('\0') ? undefined : resolve(scope.base, text)),
  },
  template: { usage: 'TEXT', expected: 'a text, with $variables', read: readTemplate },
  integer: (min: number, max: number): ArgumentType<number> => ({
    usage: 'N',
    expected: `a whole number from ${min} to ${max}`,
    json: [
      { type: 'integer', minimum: min, maximum: max },
      { type: 'string', pattern: '^-?[0-9]{1,15}$' },
    ],
    read: (text) => {
      const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  }),
  oneOf: <const Word extends string>(words: readonly Word[]): ArgumentType<Word> => ({
    usage: words.join('|'),
    expected: words.length === 1 ? `"${words[0]}"` : `one of ${words.map((word) => `"${word}"`).join(', ')}`,
    json: [{ enum: words.flatMap(jsonSpellings) }],
    read: (text) => words.find((word) => word === text),
  }),
  /** A word of a given form. */
  word: (usage: string, form: RegExp, expected: string): ArgumentType<string> => ({
    usage,
    expected,
    // JSON Schema's patterns have no flags.
    ...(form.flags === '' ? { json: [{ type: 'string', pattern: form.source }] } : {}),
    read: (text) => (form.test(text) ? text : undefined),
  }),
} satisfies Record<string, ArgumentType<unknown> | ((...args: never[]) => ArgumentType<unknown>)>;

/** Reads one argument or fails with what was expected. */
export function readArgument<T>(type: ArgumentType<T>, from: Argument, scope: Scope): T {
  const value = readAt(type, from, scope);
  if (value === undefined) {
    throw new ArgumentError(`expected ${type.expected}, got "${from.text}"`, { argument: from });
  }
  return value;
}

function readAt<T>(type: ArgumentType<T>, from: Argument, scope: Scope): T | undefined {
  try {
    return type.read(from.text, scope);
  } catch (error) {
    if (!(error instanceof ArgumentError) || error.argument !== undefined) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new ArgumentError(error.message, { argument: from, ...hint });
  }
}

// Directives

export interface DirectiveOptions<T> {
  /** The value where the directive is not used. */
  readonly default: T;
  /** One line: what it does, starting with a verb in lower case. */
  readonly help: string;
  /** Where it may stand; `server` and `location` when left out. */
  readonly in?: readonly Context[];
  /** `nearest` when left out. */
  readonly inherit?: Inheritance;
  readonly example?: string;
  /** @see Directive.writtenDefault */
  readonly writtenDefault?: string;
}

export interface CustomDirectiveOptions<T, Use> extends DirectiveOptions<T> {
  /** What follows the name in a usage line. */
  readonly usage: string;
  /** How many arguments, from … to. */
  readonly arguments: readonly [min: number, max: number];
  /** @see Directive.argumentTypes */
  readonly argumentTypes?: readonly ArgumentType<unknown>[];
  readonly repeatable?: boolean;
  /** The value of one use. @throws ArgumentError */
  readonly parse: (use: DirectiveUse, scope: Scope) => Use;
  /** The value of a block from the values of its uses. */
  readonly combine: (values: readonly Use[], outer: T) => T;
}

/** The general form, for a directive whose arguments differ from each other. */
export function directive<T, Use>(options: CustomDirectiveOptions<T, Use>): Directive<T> {
  return {
    contexts: options.in ?? ['server', 'location'],
    help: options.help,
    usage: options.usage,
    minArguments: options.arguments[0],
    maxArguments: options.arguments[1],
    repeatable: options.repeatable ?? false,
    inheritance: options.inherit ?? 'nearest',
    example: options.example,
    fallback: options.default,
    ...(options.argumentTypes === undefined ? {} : { argumentTypes: options.argumentTypes }),
    ...(options.writtenDefault === undefined ? {} : { writtenDefault: options.writtenDefault }),
    read(uses, outer, scope, report) {
      const values: Use[] = [];
      for (const use of uses) {
        try {
          values.push(options.parse(use, scope));
        } catch (error) {
          if (!(error instanceof ArgumentError)) throw error;
          report(use, error);
        }
      }
      return values.length === 0 ? outer : options.combine(values, outer);
    },
  };
}

function firstArgument(use: DirectiveUse): Argument {
  const [first] = use.arguments;
  if (first === undefined) throw new ArgumentError('an argument is missing');
  return first;
}

/** One directive with one argument of the given type. */
export function single<T, Default = T>(
  type: ArgumentType<T>,
  options: DirectiveOptions<T | Default>,
): Directive<T | Default> {
  return directive<T | Default, T>({
    ...options,
    usage: type.usage,
    arguments: [1, 1],
    argumentTypes: [type],
    parse: (use, scope) => readArgument(type, firstArgument(use), scope),
    combine: (values, outer) => values.at(-1) ?? outer,
  });
}

/** `on` or `off`. */
export const flag = (options: DirectiveOptions<boolean>): Directive<boolean> =>
  single(argument.flag, options);
/** Bytes. */
export const size = (options: DirectiveOptions<number>): Directive<number> => single(argument.size, options);
/** Milliseconds. */
export const duration = (options: DirectiveOptions<number>): Directive<number> =>
  single(argument.duration, options);
/** An absolute path; a relative one starts from `server_dir`. */
export const path = (options: DirectiveOptions<string | undefined>): Directive<string | undefined> =>
  single<string, undefined>(argument.path, options);
export const text = <Default extends string | undefined>(
  options: DirectiveOptions<string | Default>,
): Directive<string | Default> => single<string, Default>(argument.text, options);
/** A text in which `$variables` are filled in for each exchange. */
export const template = (options: DirectiveOptions<Template | undefined>): Directive<Template | undefined> =>
  single<Template, undefined>(argument.template, options);
export const integer = (
  options: DirectiveOptions<number> & { readonly min: number; readonly max: number },
): Directive<number> => single(argument.integer(options.min, options.max), options);
export const oneOf = <const Word extends string>(
  words: readonly Word[],
  options: DirectiveOptions<NoInfer<Word>>,
): Directive<Word> => single(argument.oneOf(words), options);

/** One or more arguments of one type; a block's uses are added up. */
export function list<T>(
  type: ArgumentType<T>,
  options: DirectiveOptions<readonly T[]> & { readonly max?: number },
): Directive<readonly T[]> {
  return directive<readonly T[], readonly T[]>({
    ...options,
    usage: `${type.usage}…`,
    arguments: [1, options.max ?? Number.POSITIVE_INFINITY],
    argumentTypes: [type],
    repeatable: true,
    parse: (use, scope) => use.arguments.map((word) => readArgument(type, word, scope)),
    combine: (values, outer) => (options.inherit === 'merge' ? [...outer, ...values.flat()] : values.flat()),
  });
}

/** `name KEY VALUE;`, many: each use adds an entry. */
export function map<T>(
  type: ArgumentType<T>,
  options: DirectiveOptions<ReadonlyMap<string, T>> & { readonly usage?: string },
): Directive<ReadonlyMap<string, T>> {
  return directive<ReadonlyMap<string, T>, readonly [string, T]>({
    ...options,
    usage: options.usage ?? `NAME ${type.usage}`,
    arguments: [2, 2],
    argumentTypes: [argument.text, type],
    repeatable: true,
    parse: (use, scope) => {
      const [key, value] = use.arguments;
      if (key === undefined || value === undefined) throw new ArgumentError('expected a name and a value');
      return [key.text, readArgument(type, value, scope)];
    },
    combine: (values, outer) => new Map(options.inherit === 'merge' ? [...outer, ...values] : values),
  });
}
