import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Account } from './account.js';
import { streamAt } from './own-stream.js';

const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_ALL = 0o002;

/** A directory of a log that others can write to, as text for a warning. */
export interface SharedDirectory {
  readonly directory: string;
  readonly message: string;
  readonly hint: string;
}

/**
 * Whether others than root and the server can take a log away, or put something in its place.
 * @param account what the workers run as; undefined: this process's own user
 */
export async function sharedDirectory(
  path: string,
  account: Account | undefined,
): Promise<SharedDirectory | undefined> {
  if (streamAt(path) !== undefined) return undefined;
  const directory = dirname(path);
  const stats = await stat(directory).catch(() => undefined);
  if (stats === undefined) return undefined;
  const owners = [0, account?.uid ?? process.getuid?.()];
  const groups = [0, account?.gid ?? process.getgid?.()];
  const isOthers =
    !owners.includes(stats.uid) ||
    (stats.mode & WRITABLE_BY_ALL) !== 0 ||
    ((stats.mode & WRITABLE_BY_GROUP) !== 0 && !groups.includes(stats.gid));
  if (!isOthers) return undefined;
  const message = `others than root and the server can write to ${directory}, and take the log away or put a link in its place`;
  const hint = 'use a directory that only root, or only the user of the workers, can write to';
  return { directory, message, hint };
}
