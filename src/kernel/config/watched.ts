import { basename, dirname, resolve } from 'node:path';

/** What the configuration depends on: when any of it changes, it may be another. */
export interface Watched {
  /** Absolute. */
  readonly files: readonly string[];
  readonly folders: readonly WatchedFolder[];
}

/** A folder in which any file with one of these endings counts, also one that is not there yet. */
export interface WatchedFolder {
  /** Absolute. */
  readonly path: string;
  /** An empty one is any file's. */
  readonly endings: readonly string[];
}

const CODE = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

/** Where a program lies, what it imports mostly lies too. */
export function folderOfProgram(file: string): WatchedFolder {
  return { path: dirname(file), endings: CODE };
}

/** Where the next file of a pattern would appear: the last folder that it names in full. */
export function folderOfPattern(pattern: string, from: string): WatchedFolder {
  const segments = pattern.split('/');
  const first = segments.findIndex((segment) => /[*?[\]{}()!+@|]/.test(segment));
  const fixed = segments.slice(0, first).join('/');
  const isAtRoot = first === 1 && pattern.startsWith('/');
  const path = isAtRoot ? '/' : resolve(from, fixed);
  // In a folder further below, it is the folder that would appear.
  const isLast = first === segments.length - 1;
  return { path, endings: [isLast ? (/[^*?[\]{}()!+@|]*$/.exec(basename(pattern))?.[0] ?? '') : ''] };
}
