import { builtinPlugins } from '../builtin.js';
import { type Assembly, assemble, preview } from '../kernel/assembly.js';
import type { Config } from '../kernel/config/compile.js';
import type { Diagnostic } from '../kernel/config/diagnostic.js';
import { displayPath } from '../kernel/config/display-path.js';
import { type ConfigSource, type LoadResult, loadConfig } from '../kernel/config/load.js';
import { createLog } from '../kernel/error-log.js';
import { counted } from '../kernel/failure.js';
import { unknownUser } from '../kernel/process/privileges.js';
import { type Found, find, type Given } from './configuration-file.js';
import { showDiagnostics, showFailure } from './failure.js';
import { say } from './terminal.js';

export interface Loaded {
  readonly config: Config;
  readonly source: ConfigSource;
  readonly diagnostics: readonly Diagnostic[];
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
 * @returns undefined when a plugin refuses, or the user is not there: that is shown
 */
export async function withAssembly<T>(
  config: Config,
  look: (assembly: Assembly) => T | Promise<T>,
): Promise<T | undefined> {
  const unknown = unknownUser(config.main.user);
  if (unknown !== undefined) {
    say(unknown);
    return undefined;
  }
  let assembly: Assembly;
  try {
    assembly = await assemble(config, createLog('warn', process.stderr));
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
