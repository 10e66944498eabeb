import { displayPath } from '../../diagnostics/display-path.js';
import { type Findings, reasonOf } from '../../diagnostics/findings.js';
import { reportNotUtf8 } from '../files/not-utf8.js';
import { readText } from '../files/read-file.js';
import { jsonOf } from '../forms/json-of-value.js';
import type { Compiler } from './compiler.js';
import { importWhole, moduleImporter } from './module-importer.js';
import type { PublicEntries } from './public-entries.js';

/**
 * Runs a configuration in TypeScript or JavaScript and converts its value to JSON, which is then read like any other
 * configuration: its errors are shown in that text.
 * @returns undefined, with the reason reported, when it cannot be run or does not export a configuration
 */
export async function moduleAsJson(
  path: string,
  findings: Findings,
  entries: PublicEntries,
  compiler: Compiler,
): Promise<string | undefined> {
  const file = displayPath(path);
  let value: unknown;
  try {
    // A fifo or a device would be read without end, and what is not UTF-8 would be replaced without a word.
    const read = readText(path);
    if (!('text' in read)) {
      if (read.problem === 'not-utf8') reportNotUtf8(read.found, path, findings);
      else
        findings.error(
          read.problem === 'too-large' ? 'too-large' : 'unreadable-file',
          read.message,
          undefined,
        );
      return undefined;
    }
    const importer = moduleImporter(path, entries, compiler);
    const exported: unknown = await importWhole(importer, entries, path, () => importer.import(path));
    const hasDefault = typeof exported === 'object' && exported !== null && 'default' in exported;
    value = hasDefault ? await exported.default : undefined;
  } catch (error) {
    findings.error('unreadable-file', `cannot load ${file}: ${reasonOf(error)}`, undefined);
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const isFunction = typeof value === 'function';
    const message = isFunction
      ? `${file} exports a function, and not a configuration`
      : `${file} exports no configuration`;
    findings.error('unexpected-value', message, undefined, {
      hint: isFunction
        ? 'export what it returns: export default await configuration();'
        : 'export default defineConfig({ server: { … } });',
    });
    return undefined;
  }
  const { json, problem } = jsonOf(value);
  if (problem !== undefined) {
    const message = `${file} exports what no configuration can hold: ${problem}`;
    findings.error('unexpected-value', message, undefined);
  }
  return json;
}
