import type { Place } from '../diagnostics/diagnostic.js';
import type { VariableTable } from './variables.js';

/**
 * Directives as declarative tables: name, where, arguments, default, how it inherits, one line of help. The loader
 * checks and inherits by them, the documentation is printed from them, and the plugins' option types flow from them.
 */

/** The blocks of a configuration, outermost first. */
export type Context = 'main' | 'server' | 'location';

/** A word of a directive, with its place. */
export interface Argument {
  /** As read: without quotes, backslashes and variables of the environment. */
  readonly text: string;
  /** The word in its file. */
  readonly place: Place;
}

/** A directive as written: `name argument…;` or `name argument… { … }`. */
export interface DirectiveUse {
  /** As written: an alias is not replaced. */
  readonly name: string;
  /** The name's place. */
  readonly place: Place;
  /** The words that follow the name, in their order. */
  readonly arguments: readonly Argument[];
  /** The directives of its block; undefined without one. */
  readonly block: readonly DirectiveUse[] | undefined;
  /** In YAML and JSON: the first argument is a key of an object, which may turn out to be a block. */
  readonly keyed?: boolean;
}

/** Context for reading an argument. */
export interface Scope {
  /** The directory that relative paths start from: `server_dir`. Absolute. */
  readonly base: string;
  /** The variables a text may use: the kernel's and the plugins'. */
  readonly variables: VariableTable;
}

/** Why an argument is wrong. The loader adds the place; without an `argument` that is the directive's name. */
export class ArgumentError extends Error {
  /** The wrong argument; undefined where the error concerns the whole directive. */
  readonly argument: Argument | undefined;
  /** Advice on how to fix it, printed as `help: …`. */
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

/** How one argument is written and read. */
export interface ArgumentType<T> {
  /** As shown in a usage line: `SIZE`, `on|off`. */
  readonly usage: string;
  /** Completes "expected …": `a size in bytes, such as 10m`. */
  readonly expected: string;
  /** The JSON Schemas of which a value must fit one; any text, number or boolean when left out. */
  readonly json?: readonly JsonSchema[];
  /**
   * Reads one argument.
   * @returns undefined if the text is not of this type; the message is then derived from `expected`
   * @throws ArgumentError for a more precise message
   */
  read(text: string, scope: Scope): T | undefined;
}

/** How a block that does not have the directive gets its value from the block around it. */
export type Inheritance =
  /** The value of the nearest block around it that has the directive; its own uses replace that. */
  | 'nearest'
  /** The outer value with this block's own added. */
  | 'merge'
  /** The default, whatever the enclosing blocks say. */
  | 'none';

/** A row of a directive table. T is the type of the value that a route (or the main block) gets. */
export interface Directive<T> {
  /** The blocks it may be used in. */
  readonly contexts: readonly Context[];
  /** Description in one line for the documentation, starting with a verb in lower case. */
  readonly help: string;
  /** The part of the usage line behind the name: `CODE… [=CODE] URI`. */
  readonly usage: string;
  /** Fewest arguments of one use, its block apart. */
  readonly minArguments: number;
  /** Infinity when there is no bound. */
  readonly maxArguments: number;
  /**
   * Types of the arguments in order, if they are known individually; the last one also applies to all further
   * arguments.
   */
  readonly argumentTypes?: readonly ArgumentType<unknown>[];
  /** Allowed more than once in a block. */
  readonly repeatable: boolean;
  /** How a block without the directive gets its value. */
  readonly inheritance: Inheritance;
  /** A whole directive as people write it, for the documentation and messages: `client_max_body_size 10m;`. */
  readonly example: string | undefined;
  /** The value where no block has the directive. */
  readonly fallback: T;
  /** The default in written form, where the value does not determine it: `stderr info`. */
  readonly writtenDefault?: string;
  /**
   * True for a value that a location keeps where an extension location of a block around it says another: `cgi off` in
   * the location of uploads holds also beside `location *.php { cgi .php; }`.
   */
  outranks?(value: T): boolean;
  /** Directives allowed in its block; without this property, the directive has no block. */
  readonly block?: DirectiveTable;
  /**
   * Computes the value from the uses in this block (at least one; argument counts are already checked) and the value of
   * the enclosing block. Every error is reported; the result is then ignored.
   */
  read(uses: readonly DirectiveUse[], outer: T, scope: Scope, report: Report): T;
}

/** Reports an error in one use of a directive. */
export type Report = (use: DirectiveUse, error: ArgumentError) => void;

/** Directives by name. Names are lower case words joined with underscores. */
export type DirectiveTable = Readonly<Record<string, Directive<unknown>>>;

/** The options a table's directives become: each directive's name with its value. */
export type OptionsOf<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Directive<infer T> ? T : never;
};

/** Option values as the kernel holds them, for one plugin in one block: by directive name. */
export type OptionValues = Readonly<Record<string, unknown>>;
