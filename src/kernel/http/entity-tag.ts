import type { FileVersion } from '../files/open-file.js';

/** Modification times up to this, in milliseconds, are placeholders: reproducible builds, OSTree and Nix write 0 or 1 s. */
const LAST_PLACEHOLDER_MS = 1999;

/**
 * The Last-Modified date of a file's version, in milliseconds since 1970; never later than now (RFC 9110 §8.8.2.1).
 * @returns undefined if the modification time is meaningless: before 1970, or a placeholder
 */
export function lastModifiedOf({ mtimeMs }: Pick<FileVersion, 'mtimeMs'>): number | undefined {
  if (mtimeMs <= LAST_PLACEHOLDER_MS) return undefined;
  return Math.min(mtimeMs, Date.now());
}

/**
 * The strong entity-tag of a file's version (RFC 9110 §8.8.1, §8.8.3). It is the same wherever the file is sent, stored
 * or checked in a condition. It includes ctime, because reproducible builds and `cp -p` preserve a file's size and
 * mtime. Times are in microseconds, the most a number can hold.
 */
export function entityTagOf({ size, mtimeMs, ctimeMs }: FileVersion): string {
  const stamp = (ms: number): string => Math.round(ms * 1000).toString(36);
  return `"${size.toString(36)}-${stamp(mtimeMs)}-${stamp(ctimeMs)}"`;
}
