import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, realpathSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '../diagnostics/error-code.js';

const PRIVATE = 0o700;
const WRITABLE_BY_OTHERS = 0o022;
/** Permission bits of users other than a file's owner: a file of secrets has none of them. */
export const PERMISSIONS_OF_OTHERS = 0o077;
/** Error codes of file systems that cannot flush a directory. */
const NO_SYNC = new Set(['EINVAL', 'EISDIR', 'ENOTSUP', 'EOPNOTSUPP']);

/** A directory that must not be used for secrets. */
export class UnsafeDirectoryError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnsafeDirectoryError';
  }
}

/**
 * Creates a directory with mode 0700, and its parents, if it does not exist yet.
 * @param owner user id that the process acts as
 * @throws UnsafeDirectoryError, as `checkPrivateDirectory` does; the system's error if it cannot be created
 */
export function makePrivateDirectory(path: string, owner: number): void {
  if (checkPrivateDirectory(path, owner)) return;
  makeWithParents(path);
  // Another process may have created it, or put something else at its place.
  checkPrivateDirectory(path, owner);
}

/**
 * Checks a directory for secrets: no other user may change which files are in it. Root may, it can read every file anyway.
 * @returns false if it does not exist
 * @throws UnsafeDirectoryError for a symbolic link, another kind of file, and a directory of another user or that other
 * users can write to; the system's error if it cannot be reached
 */
export function checkPrivateDirectory(path: string, owner: number): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  if (stats.isSymbolicLink())
    throw new UnsafeDirectoryError(`${path} is a symbolic link: name the directory itself${targetOf(path)}`);
  if (!stats.isDirectory()) throw new UnsafeDirectoryError(`${path} is not a directory`);
  const why = unsafe(stats, owner);
  if (why !== undefined) throw new UnsafeDirectoryError(`${path} ${why}`);
  return true;
}

/** Why other users could change a file or directory; undefined if they cannot. */
export function unsafe({ uid, mode }: Stats, owner: number): string | undefined {
  if (uid !== owner && uid !== 0) return `belongs to user ${uid}, expected user ${owner}: chown it`;
  if ((mode & WRITABLE_BY_OTHERS) === 0) return undefined;
  return `can be written to by other users (mode ${modeText(mode)}): chmod go-w`;
}

/** `0755` */
export const modeText = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0');

/**
 * Makes the names in a directory survive a power failure: that of a file which was flushed itself may still be lost
 * (fsync(2)).
 */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } catch (error) {
    if (!NO_SYNC.has(errorCode(error))) throw error;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Not with `mkdirSync({ recursive: true })`: when the system reports ENOENT for a directory whose parent exists, as in
 * /proc, Node retries without end.
 */
function makeWithParents(path: string): void {
  const parent = dirname(path);
  if (lstatSync(parent, { throwIfNoEntry: false }) === undefined) makeWithParents(parent);
  try {
    mkdirSync(path, PRIVATE);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    return;
  }
  syncDirectory(parent);
}

function targetOf(path: string): string {
  try {
    return `, ${realpathSync(path)}`;
  } catch {
    return '';
  }
}
