import { moduleImporter } from '../plugin-loader.js';
import { displayPath } from './display-path.js';
import { type Findings, reasonOf } from './findings.js';

/**
 * A configuration in TypeScript or JavaScript, run and written out as JSON, which then is read as any other: its
 * mistakes are shown in that text.
 * @returns undefined when it cannot be run or exports no configuration: that is reported
 */
export async function moduleAsJson(path: string, findings: Findings): Promise<string | undefined> {
  const file = displayPath(path);
  let value: unknown;
  try {
    const exported: unknown = await (await moduleImporter(path)).import(path);
    const hasDefault = typeof exported === 'object' && exported !== null && 'default' in exported;
    value = hasDefault ? exported.default : undefined;
  } catch (error) {
    findings.error('unreadable-file', `cannot load ${file}: ${reasonOf(error)}`, undefined);
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    findings.error('unexpected-value', `${file} exports no configuration`, undefined, {
      hint: 'export default defineConfig({ server: { … } });',
    });
    return undefined;
  }
  try {
    return JSON.stringify(value, refuseNonValues, 2);
  } catch (error) {
    findings.error(
      'unexpected-value',
      `${file} exports what no configuration can hold: ${reasonOf(error)}`,
      undefined,
    );
    return undefined;
  }
}

/** JSON would leave these out without a word. */
function refuseNonValues(key: string, value: unknown): unknown {
  const isValue = typeof value !== 'function' && typeof value !== 'symbol' && !Number.isNaN(value);
  if (isValue) return value;
  throw new TypeError(`"${key}" is a ${typeof value}`);
}
