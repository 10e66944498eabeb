import type { Place } from '../diagnostics/diagnostic.js';
import type { VariableTable } from './variables.js';

/**
 * Directives as declarative tables: name, where, arguments, default, how it inherits, one line of help. The loader
 * checks and inherits by them, the documentation is printed from them, and the plugins' option types flow from them.
 */

/** The blocks of a configuration, outermost first. */
export type Context = 'main' | 'server' | 'location';

/** One word of a directive, with where it stands. */
export interface Argument {
  /** As read: without quotes, backslashes and variables of the environment. */
  readonly text: string;
  /** The word in its file. */
  readonly place: Place;
}

/** One directive as written: `name argument…;` or `name argument… { … }`. */
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

/** What reading an argument may need to know. */
export interface Scope {
  /** What relative paths start from: `server_dir`. Absolute. */
  readonly base: string;
  /** The variables a text may use: the kernel's and the plugins'. */
  readonly variables: VariableTable;
}

/** Why an argument is wrong. The loader adds the place; without an `argument` that is the directive's name. */
export class ArgumentError extends Error {
  /** The wrong argument; undefined where the error concerns the whole directive. */
  readonly argument: Argument | undefined;
  /** What to do about it, printed as `help: …`. */
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
  /** The blocks it may be used in. */
  readonly contexts: readonly Context[];
  /** One line for the documentation: what it does, starting with a verb in lower case. */
  readonly help: string;
  /** What follows the name: `CODE… [=CODE] URI`. */
  readonly usage: string;
  /** Fewest arguments of one use, its block apart. */
  readonly minArguments: number;
  /** Infinity when there is no bound. */
  readonly maxArguments: number;
  /** Of the arguments in their order, the last one of all further ones too; where they are known one by one. */
  readonly argumentTypes?: readonly ArgumentType<unknown>[];
  /** May stand more than once in one block. */
  readonly repeatable: boolean;
  /** How a block without the directive gets its value. */
  readonly inheritance: Inheritance;
  /** A whole directive as people write it, for the documentation and messages: `client_max_body_size 10m;`. */
  readonly example: string | undefined;
  /** The value where no block has the directive. */
  readonly fallback: T;
  /** It as people would write it, where that cannot be told from the value: `stderr info`. */
  readonly writtenDefault?: string;
  /**
   * True for a value that a location keeps where an extension location of a block around it says another: `cgi off` in
   * the location of uploads holds also beside `location *.php { cgi .php; }`.
   */
  outranks?(value: T): boolean;
  /** What may stand in its block; without it, the directive takes none. */
  readonly block?: DirectiveTable;
  /**
   * The value from this block's uses (at least one; argument counts already checked) and the value around it.
   * Every mistake is reported; the value then does not matter.
   */
  read(uses: readonly DirectiveUse[], outer: T, scope: Scope, report: Report): T;
}

/** Takes a mistake in one use of a directive. */
export type Report = (use: DirectiveUse, error: ArgumentError) => void;

/** Directives by name. Names are lower case words joined with underscores. */
export type DirectiveTable = Readonly<Record<string, Directive<unknown>>>;

/** The options a table's directives become: each directive's name with its value. */
export type OptionsOf<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Directive<infer T> ? T : never;
};

/** Option values as the kernel holds them, for one plugin in one block: by directive name. */
export type OptionValues = Readonly<Record<string, unknown>>;
