import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The sources of a configuration: when one of them changes, the configuration may change. */
export interface Watched {
  readonly files: readonly WatchedFile[];
  readonly patterns: readonly WatchedPattern[];
}

/** A file that was read, or looked for. */
export interface WatchedFile {
  /** Absolute. */
  readonly path: string;
  /** Its version just before it was read; see versionOf. */
  readonly version: string;
}

/** A pattern with wildcards, and what it found. */
export interface WatchedPattern {
  readonly pattern: string;
  /** The directory that the pattern starts from; absolute. */
  readonly from: string;
  /** Absolute, sorted. */
  readonly matches: readonly string[];
}

/** The parts of a file's status that tell one state of it from another. */
export interface FileStatus {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  isFile(): boolean;
}

export const ABSENT = 'absent';

/** Changes when what a path leads to does: also when a link or a directory on the way is another. */
export function asVersion(status: FileStatus): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = status;
  // A directory changes with every entry, and a pipe with every byte.
  return status.isFile() ? `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}` : 'not a file';
}

/** The version a path leads to now. Synchronous, as all reading of a configuration. */
export function versionOf(path: string): string {
  try {
    const status = statSync(path, { bigint: true, throwIfNoEntry: false });
    return status === undefined ? ABSENT : asVersion(status);
  } catch {
    return ABSENT;
  }
}

/** As `versionOf`, without blocking. */
export function currentVersion(path: string): Promise<string> {
  return stat(path, { bigint: true }).then(asVersion, () => ABSENT);
}

const CODE = '*.{ts,mts,cts,js,mjs,cjs}';

/** Files that a program reads or imports in ways that its text does not show are mostly in the same directory. */
export function codeBeside(file: string): { readonly pattern: string; readonly from: string } {
  return { pattern: CODE, from: dirname(file) };
}
