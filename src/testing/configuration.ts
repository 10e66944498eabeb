import { builtinPlugins, publicEntries } from '../builtin.js';
import type { CompiledConfig } from '../kernel/config/compile/compiled-config.js';
import { type LoadResult, loadConfigText } from '../kernel/config/files/load.js';
import type { Plugin } from '../kernel/contract/plugin.js';
import type { Diagnostic } from '../kernel/diagnostics/diagnostic.js';
import { renderDiagnostics } from '../kernel/diagnostics/render.js';

/** A test gives the directives inside a `server` block; the server listens on a free port. */
const HEAD = 'server {\nlisten 127.0.0.1:0;\n';

/** Texts with whole server blocks and main directives are used as they are. */
function isWhole(conf: string): boolean {
  return /^\s*server\s*\{/m.test(conf);
}

/** Number of lines that are added before a test's text. */
export function addedLines(conf: string): number {
  return isWhole(conf) ? 0 : HEAD.split('\n').length - 1;
}

/**
 * Reads a test's configuration, with the built-in plugins and the given ones as if loaded by `load_plugin`.
 * @param conf directives inside a `server` block, or a whole configuration
 * @param directory base of relative paths
 */
export async function readTestConfig(
  conf: string,
  directory: string,
  plugins: readonly Plugin[],
): Promise<LoadResult> {
  const builtins = new Set([...builtinPlugins(), ...plugins]);
  return loadConfigText(isWhole(conf) ? conf : `${HEAD}${conf}\n}\n`, {
    file: 'test.conf',
    base: directory,
    builtins: [...builtins],
    entries: publicEntries(),
  });
}

/** @throws Error with the rendered diagnostics when the configuration is invalid */
export function valid({ config, diagnostics }: LoadResult): {
  readonly config: CompiledConfig;
  readonly diagnostics: readonly Diagnostic[];
} {
  if (config === undefined) throw new Error(renderDiagnostics(diagnostics));
  return { config, diagnostics };
}
