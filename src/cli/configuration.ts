import { builtinPlugins, publicEntries } from '../builtin.js';
import type { CompiledConfig } from '../kernel/config/compile/compiled-config.js';
import { type ConfigSource, type LoadResult, loadConfig } from '../kernel/config/files/load.js';
import { ConfigError } from '../kernel/diagnostics/config-error.js';
import type { Diagnostic } from '../kernel/diagnostics/diagnostic.js';
import { displayPath } from '../kernel/diagnostics/display-path.js';
import { merged } from '../kernel/diagnostics/findings.js';
import { createLog } from '../kernel/log/error-log.js';
import { type Assembly, assemble, preview } from '../kernel/server/assembly.js';
import { counted } from '../kernel/server/start-failure.js';
import { type Found, find, type Given } from './configuration-file.js';
import { showDiagnostics } from './failure.js';
import { say } from './terminal.js';

export interface Loaded {
  readonly config: CompiledConfig;
  readonly source: ConfigSource;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Loads a configuration. Shows its diagnostics only if it cannot be used; otherwise the caller gets them.
 * @returns undefined when it cannot be used
 */
export async function loadFound({ file, prefix }: Found): Promise<Loaded | undefined> {
  const options = {
    builtins: builtinPlugins(),
    entries: publicEntries(),
    preview,
    ...(prefix === undefined ? {} : { prefix }),
  };
  return usable(await loadConfig(file, options), displayPath(file));
}

/** Finds and loads a configuration. */
export async function load(given: Given): Promise<Loaded | undefined> {
  const found = await find(given);
  return found === undefined ? undefined : loadFound(found);
}

function usable({ config, source, diagnostics }: LoadResult, name: string): Loaded | undefined {
  if (config !== undefined && source !== undefined) return { config, source, diagnostics };
  showDiagnostics(diagnostics);
  say(`${name} cannot be used: ${counted(diagnostics)}`);
  return undefined;
}

/**
 * Sets up a whole server except for its sockets, as a start would, and disposes of it after `look`. Shows the warnings
 * of the loader and of the plugins as one list.
 * @param more warnings of the caller
 * @returns undefined when a plugin refuses the configuration, which is reported
 */
export async function withAssembly<T>(
  { config, source, diagnostics }: Loaded,
  look: (assembly: Assembly, warnings: readonly Diagnostic[]) => T | Promise<T>,
  more: readonly Diagnostic[] = [],
): Promise<T | undefined> {
  const together = (found: readonly Diagnostic[]) =>
    merged([...diagnostics, ...found], source.files.map(displayPath));
  let assembly: Assembly;
  try {
    assembly = await assemble(config, createLog('warn', process.stderr));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const found = together(error.diagnostics);
    showDiagnostics(found);
    say(`${config.file} cannot be used: ${counted(found)}`);
    return undefined;
  }
  try {
    const warnings = together([...assembly.warnings, ...more]);
    showDiagnostics(warnings);
    return await look(assembly, warnings);
  } finally {
    await assembly.dispose();
  }
}
