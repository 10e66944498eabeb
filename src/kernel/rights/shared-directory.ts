import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Account } from './account.js';
import { inheritedStream } from './inherited-stream.js';

const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_ALL = 0o002;

/** A log directory that other users can write to, with the text of a warning. */
export interface SharedDirectory {
  readonly directory: string;
  readonly message: string;
  readonly hint: string;
}

/**
 * Reports whether users other than root and the server can move a log away, or replace it.
 * @param account what the workers run as; undefined: this process's own user
 */
export async function sharedDirectory(
  path: string,
  account: Account | undefined,
): Promise<SharedDirectory | undefined> {
  if (inheritedStream(path) !== undefined) return undefined;
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
  const message = `users other than root and the server can write to ${directory}, and so can move the log away or replace it with a link`;
  const hint = "use a directory that only root or the workers' user can write to";
  return { directory, message, hint };
}
