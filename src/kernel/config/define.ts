/** One argument: `true` is `on`, `false` is `off`. */
export type ConfigScalar = string | number | boolean;

/**
 * What a directive's name stands for: one argument; several; several uses (a list of lists or of objects); or an
 * object: the block of `server` and `types`, and for any other directive one use for each key, which is its first
 * argument (`location: { '/': { … } }`).
 */
export type ConfigValue =
  | ConfigScalar
  | null
  | readonly ConfigValue[]
  | { readonly [name: string]: ConfigValue | undefined };

/** A block as an object: directives by name. */
export interface ConfigBlock {
  readonly [directive: string]: ConfigValue | undefined;
}

export interface LocationObject extends ConfigBlock {
  readonly location?: Readonly<Record<string, LocationObject>>;
}

export interface ServerObject extends ConfigBlock {
  readonly listen?: ConfigValue;
  readonly server_name?: ConfigScalar | readonly ConfigScalar[];
  readonly root?: string;
  readonly location?: Readonly<Record<string, LocationObject>>;
}

export interface ConfigObject extends ConfigBlock {
  readonly server_dir?: string;
  readonly include?: ConfigValue;
  readonly load_plugin?: ConfigValue;
  readonly server?: ServerObject | readonly ServerObject[];
}

/** Gives the default export of a `webserv.config.ts` its type. */
export function defineConfig(config: ConfigObject): ConfigObject {
  return config;
}
