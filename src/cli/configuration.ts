import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { builtinPlugins } from '../builtin.js';
import { type Assembly, assemble, preview } from '../kernel/assembly.js';
import type { Config } from '../kernel/config/compile.js';
import type { Diagnostic } from '../kernel/config/diagnostic.js';
import { displayPath } from '../kernel/config/display-path.js';
import { findConfig } from '../kernel/config/find.js';
import { type ConfigSource, type LoadResult, loadConfig } from '../kernel/config/load.js';
import { createLog, stderrTarget } from '../kernel/error-log.js';
import { counted } from '../kernel/failure.js';
import type { Options } from './arguments.js';
import { UsageError } from './arguments.js';
import { showDiagnostics, showFailure } from './failure.js';
import { say } from './terminal.js';

/** The flags of every subcommand that looks at a configuration. */
export const configurationOptions = {
  config: {
    type: 'string',
    short: 'c',
    value: 'FILE',
    help:
      'the configuration: .conf, YAML, JSON, TypeScript or JavaScript; without it,\n' +
      'webserv.conf, webserv.yaml, … in the current folder',
  },
  prefix: {
    type: 'string',
    short: 'p',
    value: 'DIR',
    help:
      "what --config starts from, and the configuration's relative paths where it has no\n" +
      "server_dir; without it, the current folder and the configuration's own",
  },
} as const satisfies Options;

/** Which configuration is meant. */
export interface Given {
  readonly config?: string | undefined;
  readonly prefix?: string | undefined;
}

export interface Loaded {
  readonly config: Config;
  readonly source: ConfigSource;
  readonly diagnostics: readonly Diagnostic[];
}

/** A configuration file that is there, or is named: nobody has looked into it yet. */
export interface Found {
  /** Absolute. */
  readonly file: string;
  readonly prefix: string | undefined;
}

/** The configuration that is meant; undefined when none is named and there is none. @throws UsageError */
export async function locate({ config, prefix }: Given): Promise<Found | undefined> {
  const start = resolve(prefix ?? '.');
  if (!isFolder(start)) throw new UsageError(`--prefix: there is no folder ${prefix}`);
  const file = config === undefined ? await findConfig(start) : resolve(start, config);
  return file === undefined ? undefined : { file, prefix };
}

/** The same, but says so when there is none. */
export async function find(given: Given): Promise<Found | undefined> {
  const found = await locate(given);
  if (found === undefined) {
    say(`there is no configuration in ${resolve(given.prefix ?? '.')}, such as webserv.conf`);
    say('name one: webserv --config FILE; make one: webserv init; do without: webserv serve');
  }
  return found;
}

/** Loads a configuration and shows what is wrong with it. @returns undefined when it cannot be used */
export async function loadFound({ file, prefix }: Found): Promise<Loaded | undefined> {
  const options = { builtins: await builtinPlugins(), preview, ...(prefix === undefined ? {} : { prefix }) };
  return usable(await loadConfig(file, options), displayPath(file));
}

/** Finds and loads. */
export async function load(given: Given): Promise<Loaded | undefined> {
  const found = await find(given);
  return found === undefined ? undefined : loadFound(found);
}

/** Shows what was found about a configuration. @returns undefined when it cannot be used */
export function usable({ config, source, diagnostics }: LoadResult, name: string): Loaded | undefined {
  showDiagnostics(diagnostics);
  if (config !== undefined && source !== undefined) return { config, source, diagnostics };
  say(`${name} cannot be used: ${counted(diagnostics)}`);
  return undefined;
}

/**
 * Sets a whole server up but for its sockets, as a start would, and lets go of it when `look` is done. What the plugins
 * warn of is shown.
 * @returns undefined when a plugin refuses: that is shown
 */
export async function withAssembly<T>(
  config: Config,
  look: (assembly: Assembly) => T | Promise<T>,
): Promise<T | undefined> {
  let assembly: Assembly;
  try {
    assembly = await assemble(config, createLog('warn', stderrTarget()));
  } catch (error) {
    showFailure(error);
    return undefined;
  }
  try {
    showDiagnostics(assembly.warnings);
    return await look(assembly);
  } finally {
    await assembly.dispose();
  }
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
