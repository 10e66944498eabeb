import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { versionOf, type WatchedFile } from '../files/watched.js';

/** Programs of a configuration are a few files; more than this is an imported library. */
const MAX_FILES = 1000;
const MAX_FILE_SIZE = 1024 * 1024;

/** `import … from 'x'`, `export … from 'x'`, `import 'x'`, `import('x')`, `require('x')`, `new URL('x', import.meta.url)`. */
const SPECIFIER = /\b(?:from|import|require|URL)\s*\(?\s*(["'])((?:\.{1,2}\/|\/|file:)[^"'\n]+)\1/g;

const ENDINGS = ['', '.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json'];
const INDEX = ENDINGS.slice(1).map((ending) => `/index${ending}`);

/**
 * A program and what it imports by path, directly or not, with what each was before it was read. Found in the text, for
 * Node does not tell: a name in a comment only costs a look. Packages are not followed.
 * Where a file does not exist, so that the program cannot run, the names it could have are among them.
 */
export function importsOf(program: string): readonly WatchedFile[] {
  const found = new Map<string, string>();
  const waiting = [program];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue;
    found.set(path, versionOf(path));
    if (found.size >= MAX_FILES) break;
    for (const specifier of specifiersIn(path)) {
      const names = candidates(path, specifier);
      const there = names.findIndex(isFile);
      for (const absent of names.slice(0, there === -1 ? names.length : there)) {
        if (!found.has(absent)) found.set(absent, versionOf(absent));
      }
      const imported = names[there];
      if (imported !== undefined) waiting.push(imported);
    }
  }
  return [...found].map(([path, version]) => ({ path, version }));
}

function specifiersIn(path: string): readonly string[] {
  try {
    if (path.endsWith('.json')) return [];
    const stats = statSync(path);
    // A fifo would be read without end.
    if (!stats.isFile() || stats.size > MAX_FILE_SIZE) return [];
    return Array.from(readFileSync(path, 'utf8').matchAll(SPECIFIER), ([, , specifier = '']) => specifier);
  } catch {
    return [];
  }
}

/** As jiti looks for it: TypeScript is imported by the name of its JavaScript too. */
function candidates(importer: string, specifier: string): readonly string[] {
  try {
    const path = specifier.startsWith('file:')
      ? fileURLToPath(specifier)
      : resolve(dirname(importer), specifier);
    const asTypeScript = path.replace(/\.([cm]?)js$/, '.$1ts');
    return [...new Set([path, asTypeScript, ...[...ENDINGS, ...INDEX].map((ending) => path + ending)])];
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false;
  }
}
