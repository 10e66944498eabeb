import { builtinPlugins } from '../../builtin.js';
import { configSchema } from '../../inspect/json-schema.js';
import { load } from '../configuration.js';
import type { Given } from '../configuration-file.js';
import { EXIT } from '../exit.js';
import { showDiagnostics } from '../failure.js';
import { print } from '../terminal.js';

/**
 * @returns the exit code
 * @throws UsageError
 */
export async function printSchema(given: Given): Promise<number> {
  const isAsked = given.config !== undefined || given.prefix !== undefined;
  const loaded = isAsked ? await load(given) : undefined;
  if (isAsked && loaded === undefined) return EXIT.failure;
  if (loaded !== undefined) showDiagnostics(loaded.diagnostics);
  const plugins = loaded?.config.plugins ?? builtinPlugins();
  print(`${JSON.stringify(configSchema(plugins), null, 2)}\n`);
  return EXIT.ok;
}
