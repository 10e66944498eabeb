import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Jiti } from 'jiti';
import { displayPath } from '../../diagnostics/display-path.js';
import type { Compiler } from './compiler.js';
import { missingImport } from './missing-imports.js';
import type { PublicEntries } from './public-entries.js';

/**
 * Imports modules from a directory, TypeScript included. Its imports of this package resolve to `entries`; JavaScript,
 * which Node loads itself, gets the package that is installed.
 */
export function moduleImporter(from: string, entries: PublicEntries, compiler: Compiler): Jiti {
  // Late: most servers load nothing but what is built in. For an import, Node would search its source for exports (60 ms).
  const { createJiti }: typeof import('jiti') = createRequire(import.meta.url)('jiti');
  return createJiti(pathToFileURL(from).href, {
    virtualModules: Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, entry.exports])),
    // In a shared temporary directory, another user could plant code that is then run.
    fsCache: false,
    transform: compiler.transform,
  });
}

/**
 * Imports a file, and checks its imports; also where it fails, for then that is mostly why.
 * @throws Error that names what it imports and another module does not export
 */
export async function importWhole<T>(
  importer: Jiti,
  entries: PublicEntries,
  file: string,
  load: () => Promise<T>,
): Promise<T> {
  let loaded: T;
  try {
    loaded = await load();
  } catch (error) {
    requireImports(importer, entries, file);
    throw error;
  }
  requireImports(importer, entries, file);
  return loaded;
}

function requireImports(importer: Jiti, entries: PublicEntries, file: string): void {
  const missing = missingImport(importer, entries, file);
  if (missing === undefined) return;
  const { name, from, meant } = missing;
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  const where = missing.file === file ? '' : ` (in ${displayPath(missing.file)})`;
  if (name === undefined) throw new Error(`it imports "${from}", which does not exist${where}`);
  throw new Error(`it imports "${name}", which "${from}" does not export${hint}${where}`);
}
