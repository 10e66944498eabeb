import { closeSync, constants, fchownSync, fstatSync, openSync } from 'node:fs';
import type { Account } from '../kernel/rights/account.js';
import { safePath } from '../kernel/rights/path-writer.js';

const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const MODE = 0o640;

/**
 * Creates log files again after they were moved away. The workers' account gets them, since it may not create files in
 * a directory that only root can write to. In directories that other users can write to, the workers create the files
 * with their own rights. A file that cannot be created is reported by the worker that opens it.
 */
export function recreateLogs(paths: readonly string[], account: Account): void {
  for (const path of paths) {
    const { path: safe, writer } = safePath(path, account);
    if (writer === undefined) recreateLog(safe, account);
  }
}

function recreateLog(path: string, { uid, gid }: Account): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, FLAGS, MODE);
    const stats = fstatSync(descriptor);
    // A second hard link could lead to another file of root's. A file of another user belongs to that user on purpose.
    if (stats.isFile() && stats.nlink === 1 && stats.uid === 0) fchownSync(descriptor, uid, gid);
  } catch {
    // Reported by the worker that opens the file.
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
