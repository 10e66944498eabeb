import { closeSync, constants, fchownSync, fstatSync, openSync } from 'node:fs';
import type { Account } from '../kernel/rights/account.js';
import { safePath } from '../kernel/rights/path-writer.js';

const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const MODE = 0o640;

/**
 * Creates logs that have been moved away, as files of the workers' account, which may not create them in a directory of
 * root's. Where others than root can write, the workers do it by their own right. What cannot be created is reported by the
 * worker that opens it.
 */
export function giveLogs(paths: readonly string[], account: Account): void {
  for (const path of paths) {
    const { path: safe, writer } = safePath(path, account);
    if (writer === undefined) giveLog(safe, account);
  }
}

function giveLog(path: string, { uid, gid }: Account): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, FLAGS, MODE);
    const stats = fstatSync(descriptor);
    // By a second name it may be another file of root's. And what belongs to another user does so on purpose.
    if (stats.isFile() && stats.nlink === 1 && stats.uid === 0) fchownSync(descriptor, uid, gid);
  } catch {
    // As above.
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
