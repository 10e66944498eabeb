import {
  type Argument,
  ArgumentError,
  type ArgumentType,
  type Context,
  type Directive,
  type DirectiveUse,
  type Inheritance,
  type Scope,
} from '../../contract/directive.js';
import { checkKeys } from '../../contract/known-keys.js';
import type { Template } from '../../contract/template.js';
import { argument, readArgument } from './arguments.js';

/** Builders of directives, for the tables of the kernel and of plugins. */

export interface DirectiveOptions<T> {
  /** The value where the directive is not used. */
  readonly default: T;
  /** Description in one line, starting with a verb in lower case. */
  readonly help: string;
  /** Blocks it is allowed in; `server` and `location` by default. */
  readonly in?: readonly Context[];
  /** `nearest` when left out. */
  readonly inherit?: Inheritance;
  /** A whole directive as people write it: `client_max_body_size 10m;`. */
  readonly example?: string;
  /** The default in written form, where the value does not determine it: `stderr info`. */
  readonly writtenDefault?: string;
}

/** Options of `directive`. */
export interface CustomDirectiveOptions<T, Use> extends DirectiveOptions<T> {
  /** The part of the usage line behind the name. */
  readonly usage: string;
  /** How many arguments, from … to. */
  readonly arguments: readonly [min: number, max: number];
  /** @see Directive.argumentTypes */
  readonly argumentTypes?: readonly ArgumentType<unknown>[];
  /** Whether it may be used more than once in one block; false when left out. */
  readonly repeatable?: boolean;
  /** The value of one use. @throws ArgumentError */
  readonly parse: (use: DirectiveUse, scope: Scope) => Use;
  /** The value of a block from the values of its uses. */
  readonly combine: (values: readonly Use[], outer: T) => T;
  /** @see Directive.outranks */
  readonly outranks?: (value: T) => boolean;
}

const OPTIONS: readonly string[] = Object.keys({
  default: true,
  help: true,
  in: true,
  inherit: true,
  example: true,
  writtenDefault: true,
  usage: true,
  arguments: true,
  argumentTypes: true,
  repeatable: true,
  parse: true,
  combine: true,
  outranks: true,
} satisfies Record<keyof CustomDirectiveOptions<unknown, unknown>, true>);

/** Options of some builders. */
const BOUNDS = ['min', 'max'];

/** The general form, for a directive whose arguments differ from each other. */
export function directive<T, Use>(options: CustomDirectiveOptions<T, Use>): Directive<T> {
  checkKeys('a directive', options, [...OPTIONS, ...BOUNDS]);
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
    ...(options.outranks === undefined ? {} : { outranks: options.outranks }),
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

/** A directive with exactly one argument of the given type. */
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
/** A single argument, as written. It must be quoted if it has spaces, `;` or braces. */
export const text = <Default extends string | undefined>(
  options: DirectiveOptions<string | Default>,
): Directive<string | Default> => single<string, Default>(argument.text, options);
/** A text in which `$variables` are filled in for each exchange. */
export const template = (options: DirectiveOptions<Template | undefined>): Directive<Template | undefined> =>
  single<Template, undefined>(argument.template, options);
/** A whole number from `min` to `max`, both included. */
export const integer = (
  options: DirectiveOptions<number> & { readonly min: number; readonly max: number },
): Directive<number> => single(argument.integer(options.min, options.max), options);
/** A word out of the given ones. */
export const oneOf = <const Word extends string>(
  words: readonly Word[],
  options: DirectiveOptions<NoInfer<Word>>,
): Directive<Word> => single(argument.oneOf(words), options);

/** A directive with at least one argument of one type; the uses in a block are concatenated. */
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
