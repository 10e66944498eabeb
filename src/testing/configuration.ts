import { builtinPlugins, publicEntries } from '../builtin.js';
import type { CompiledConfig } from '../kernel/config/compile/compiled-config.js';
import { type LoadResult, loadConfigText } from '../kernel/config/files/load.js';
import type { Plugin } from '../kernel/contract/plugin.js';
import type { Diagnostic } from '../kernel/diagnostics/diagnostic.js';
import { renderDiagnostics } from '../kernel/diagnostics/render.js';

/** A test says what stands inside one `server`; it listens on a free port. */
const HEAD = 'server {\nlisten 127.0.0.1:0;\n';

/** Whole blocks and main directives are taken as they are. */
function isWhole(conf: string): boolean {
  return /^\s*server\s*\{/m.test(conf);
}

/** How many lines a test's text is moved down in messages. */
export function linesBefore(conf: string): number {
  return isWhole(conf) ? 0 : HEAD.split('\n').length - 1;
}

/**
 * Reads a test's configuration, with the built-in plugins and others as if loaded by `load_plugin`.
 * @param conf what stands inside one `server` block, or a whole configuration
 * @param directory what relative paths start from
 */
export async function readTestConfig(
  conf: string,
  directory: string,
  plugins: readonly Plugin[],
): Promise<LoadResult> {
  const builtins = new Set([...(await builtinPlugins()), ...plugins]);
  return loadConfigText(isWhole(conf) ? conf : `${HEAD}${conf}\n}\n`, {
    file: 'test.conf',
    base: directory,
    builtins: [...builtins],
    entries: await publicEntries(),
  });
}

/** @throws Error with the rendered diagnostics when the configuration is wrong */
export function valid({ config, diagnostics }: LoadResult): {
  readonly config: CompiledConfig;
  readonly diagnostics: readonly Diagnostic[];
} {
  if (config === undefined) throw new Error(renderDiagnostics(diagnostics));
  return { config, diagnostics };
}
