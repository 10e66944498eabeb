import type { BuiltinDirectives } from './builtin-directives.js';
import type { core } from './kernel/config/directives/core.js';
import type { Directive } from './kernel/contract/directive.js';
import type { Plugin } from './kernel/contract/plugin.js';

/** A configuration as an object, typed from the directive tables of the kernel, the built-in plugins and those given. */

/** One argument: `true` is `on`, `false` is `off`. */
export type ConfigScalar = string | number | boolean;

/**
 * What a directive's name stands for: one argument; several; several uses (a list of lists or of objects); or an
 * object: a block, and for a directive without one, a use for each key, which is its first argument.
 */
export type ConfigValue =
  | ConfigScalar
  | null
  | readonly ConfigValue[]
  | { readonly [name: string]: ConfigValue | undefined };

/** A text with `${NAME}` in it may stand for anything. */
type FromEnvironment = `${string}\${${string}`;

/** How a directive's value may be written, as far as it can be told from what it becomes. */
type Written<T> = [T] extends [boolean]
  ? boolean | 'on' | 'off' | FromEnvironment
  : [T] extends [number]
    ? number | string
    : [T] extends [string]
      ? string extends T
        ? ConfigScalar
        : T | FromEnvironment
      : ConfigValue;

type Values<Table> = {
  readonly [Name in keyof Table]?: Table[Name] extends Directive<infer T> ? Written<NonNullable<T>> : never;
};

/** What may stand in every block; where else a directive may not stand is the loader's to say. */
type Anywhere<Table> = Values<typeof core> &
  Values<BuiltinDirectives> &
  Values<Table> & {
    readonly include?: ConfigValue;
    readonly types?: Readonly<Record<string, ConfigValue>>;
    /** The same as `root`. */
    readonly alias?: ConfigScalar;
  };

/** A `location` block: any directive, by name. */
export type LocationObject<Table = unknown> = Anywhere<Table> & {
  readonly location?: Readonly<Record<string, LocationObject<Table> | null>>;
};

/** A `server` block. */
export type ServerObject<Table = unknown> = LocationObject<Table> & {
  readonly listen?: ConfigValue;
  readonly server_name?: ConfigScalar | readonly ConfigScalar[];
};

/** A whole configuration: the main block. */
export type ConfigObject<Table = unknown> = Anywhere<Table> & {
  readonly load_plugin?: ConfigValue;
  readonly server?: ServerObject<Table> | readonly ServerObject<Table>[];
};

type Intersection<Union> = (Union extends unknown ? (each: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;

type DirectivesOf<Plugins extends readonly Plugin[]> = Intersection<Plugins[number]['directives']>;

/**
 * Gives the default export of a `webserv.config.ts` its type.
 * @param plugins whose directives it uses besides the built-in ones; `load_plugin` loads them, here they are for the types
 */
export function defineConfig<const Plugins extends readonly Plugin[]>(
  config: ConfigObject<DirectivesOf<Plugins>>,
  ..._plugins: Plugins
): ConfigObject<DirectivesOf<Plugins>> {
  return config;
}
