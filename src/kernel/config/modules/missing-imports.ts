import { existsSync, readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Jiti } from 'jiti';
import { nearest } from '../../diagnostics/suggest.js';
import type { PublicEntries } from './public-entries.js';

/** A name that a module imports and another does not export, or a module that does not exist. */
export interface MissingImport {
  readonly file: string;
  /** undefined: there is no module `from`. */
  readonly name: string | undefined;
  readonly from: string;
  /** The most similar name that the other module exports. */
  readonly meant: string | undefined;
}

const requireBuiltin = createRequire(import.meta.url);
const CODE = /\.[cm]?[jt]s$/;
/** Only at the start of a line: imports inside strings and comments are rarely there. */
const IMPORT = /^(?:import\s+(?:[\w$]+\s*,\s*)?|export\s+)\{([^}]*)\}\s*from\s*(['"])([^'"]+)\2/gm;
/** Matches imports of other files, except type imports. */
const FROM = /^(?:import|export)\s+(?!type\s+[\w${*])[\w$\s{},*]*\bfrom\s*(['"])(\.[^'"]*)\1/gm;

/**
 * TypeScript is made JavaScript file by file on the way, and a name that is not there becomes undefined: Node itself would
 * refuse it; an import that nothing uses is left out, even of a file that does not exist. So the imports of what was loaded
 * are compared with what there is. Types are no exports when the program runs: a name that the other module's source declares
 * as one counts as there.
 * @param entries what is imported of this package
 * @param main the file that was loaded; what it imported lies in the importer's cache
 */
export function missingImport(
  importer: Jiti,
  entries: PublicEntries,
  main: string,
): MissingImport | undefined {
  const files = [main, ...Object.keys(importer.cache)].filter(
    (file) => CODE.test(file) && !file.includes('/node_modules/'),
  );
  for (const file of new Set(files)) {
    const found = missingIn(file, importer, entries);
    if (found !== undefined) return found;
  }
  return undefined;
}

function missingIn(file: string, importer: Jiti, entries: PublicEntries): MissingImport | undefined {
  const text = textOf(file);
  for (const [, , from = ''] of text.matchAll(FROM)) {
    if (!isThere(from, file, importer)) return { file, name: undefined, from, meant: undefined };
  }
  for (const [, list = '', , from = ''] of text.matchAll(IMPORT)) {
    const other = exportsOf(from, file, importer, entries);
    if (other === undefined) continue;
    for (const name of namesIn(list)) {
      if (other.names.includes(name) || declares(other.declarations(), name)) continue;
      if (isBuiltin(from) && /^[A-Z]/.test(name)) continue; // a type, maybe: Node has no declarations of them
      return { file, name, from, meant: likeIt(name, other.names) };
    }
  }
  return undefined;
}

function likeIt(name: string, names: readonly string[]): string | undefined {
  const lowered = new Map(names.map((one) => [one.toLowerCase(), one]));
  return lowered.get(nearest(name, lowered.keys()) ?? '');
}

/** `a, b as c, type D` → a, b. */
function namesIn(list: string): readonly string[] {
  return list
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '' && !/^type\s/.test(item))
    .map((item) => item.split(/\s+as\s+/)[0] ?? item)
    .filter((name) => /^[\w$]+$/.test(name) && name !== 'default');
}

interface Exports {
  readonly names: readonly string[];
  declarations(): string;
}

/** A file of types alone is never loaded, and the importer does not find it. */
function isThere(from: string, file: string, importer: Jiti): boolean {
  if (importer.esmResolve(from, { parentURL: file, try: true }) !== undefined) return true;
  const path = resolve(dirname(file), from);
  return [path, `${path}.d.ts`, path.replace(/\.([cm]?)[jt]s$/, '.d.$1ts')].some((one) => existsSync(one));
}

/** Exports of this package, of Node and of local files. Other packages are not checked. */
function exportsOf(from: string, file: string, importer: Jiti, entries: PublicEntries): Exports | undefined {
  const entry = Object.hasOwn(entries, from) ? entries[from] : undefined;
  if (entry !== undefined) {
    return { names: Object.keys(entry.exports), declarations: () => textOf(entry.declarations) };
  }
  if (isBuiltin(from)) return { names: Object.keys(requireBuiltin(from)), declarations: () => '' };
  if (!from.startsWith('.')) return undefined;
  const resolved = importer.esmResolve(from, { parentURL: file, try: true });
  if (resolved === undefined || !resolved.startsWith('file:')) return undefined;
  const path = fileURLToPath(resolved);
  const cached = importer.cache[path];
  const exported: unknown = cached?.exports;
  if (typeof exported !== 'object' || exported === null) return undefined;
  return { names: Object.keys(exported), declarations: () => textOf(path) };
}

function declares(text: string, name: string): boolean {
  const word = name.replaceAll('$', '\\$');
  return new RegExp(`\\b${word}\\b`).test(text.replace(/^import[^;]*;/gm, ''));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
