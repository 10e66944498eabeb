import type { BuiltinDirectives } from './builtin-directives.js';
import type { core } from './kernel/config/directives/core.js';
import type { Directive } from './kernel/contract/directive.js';
import type { Plugin } from './kernel/contract/plugin.js';

/**
 * A configuration as an object, typed from the directive tables of the kernel, the built-in plugins and the given
 * plugins.
 */

/** An argument: `true` is `on`, `false` is `off`. */
export type ConfigScalar = string | number | boolean;

/**
 * Value of a directive: an argument; several arguments; several uses (a list of lists or of objects); or an object. The
 * object is a block; for a directive without a block, each key is the first argument of a use.
 */
export type ConfigValue =
  | ConfigScalar
  | null
  | readonly ConfigValue[]
  | { readonly [name: string]: ConfigValue | undefined };

/** A text with `${NAME}` in it may be any value. */
type FromEnvironment = `${string}\${${string}`;

/** How a directive's value may be written, as far as the type of its setting shows it. */
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

/** Directives allowed in every block. The loader checks where a directive is not allowed. */
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
 * @param plugins plugins whose directives it uses besides the built-in ones. Only their types are used: `load_plugin`
 * loads them
 */
export function defineConfig<const Plugins extends readonly Plugin[]>(
  config: ConfigObject<DirectivesOf<Plugins>>,
  ..._plugins: Plugins
): ConfigObject<DirectivesOf<Plugins>> {
  return config;
}
