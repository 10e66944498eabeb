import type { FileVersion } from './files.js';

/**
 * The strong entity-tag of a file's version (RFC 9110 §8.8.1, §8.8.3): the same wherever a file is sent, stored or
 * asked for by condition. ctime is in it, since a file's size and mtime stay what they were in reproducible builds
 * and after `cp -p`. In microseconds; a number holds no more.
 */
export function entityTagOf({ size, mtimeMs, ctimeMs }: FileVersion): string {
  const stamp = (ms: number): string => Math.round(ms * 1000).toString(36);
  return `"${size.toString(36)}-${stamp(mtimeMs)}-${stamp(ctimeMs)}"`;
}
