import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Account } from './account.js';

/** The number of links Linux follows in one path. */
const MAX_LINKS = 40;
const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_ALL = 0o002;
const STICKY = 0o1000;
/** An account that owns nothing: `nobody`, and the kernel's overflow user. */
export const NOBODY = 65_534;

/** A file path that is safe for root to open. */
export interface SafePath {
  /**
   * The path without the links that only root can have created. Open it with O_NOFOLLOW, so that any other link is
   * rejected.
   */
  readonly path: string;
  /** The account whose rights must be used; undefined if only root decides which file the path names. */
  readonly writer: Account | undefined;
}

/**
 * The account whose rights root must use to create, rename or delete a directory entry. Any user who can write to a
 * directory on the way can replace the next one with a link, even between a check and the call.
 * @param account what the workers run as
 * @returns undefined if only root decides which directory it is
 */
export function writerOf(path: string, account: Account | undefined): Account | undefined {
  return walk(path, account, false).writer;
}

/** Like `writerOf`, for opening a file: a link that root itself has created at the path is followed. */
export function safePath(path: string, account: Account | undefined): SafePath {
  return walk(path, account, true);
}

function walk(path: string, account: Account | undefined, followsLast: boolean): SafePath {
  let rest = namesOf(resolve(path));
  let here = '/';
  let links = 0;
  const ending = (name: string): string => join(here, name, ...rest);
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '..') {
      here = dirname(here);
      continue;
    }
    const directory = statsOf(here);
    const entry = statsOf(join(here, name));
    const isLast = rest.length === 0;
    if (directory !== undefined && isShared(directory)) {
      // The sticky bit protects root's directories in a directory of root's. It comes too late for a file: its name may
      // already have been taken.
      const isProtected = directory.uid === 0 && (directory.mode & STICKY) !== 0;
      if (isLast || !isProtected || entry?.uid !== 0 || !entry.isDirectory())
        return { path: ending(name), writer: rightsIn(directory, account) };
    }
    const isLink = entry?.isSymbolicLink() === true;
    if (entry === undefined || (isLast && !(isLink && followsLast)))
      return { path: ending(name), writer: undefined };
    if (!isLink) {
      here = join(here, name);
      continue;
    }
    links += 1;
    // The open then meets a link, and O_NOFOLLOW rejects it.
    if (links > MAX_LINKS) return { path: ending(name), writer: undefined };
    const target = readlinkSync(join(here, name));
    rest = [...namesOf(target), ...rest];
    if (target.startsWith('/')) here = '/';
  }
  return { path: here, writer: undefined };
}

function rightsIn({ uid, gid, mode }: Stats, account: Account | undefined): Account {
  if (account !== undefined && account.uid !== 0) return account;
  if (uid !== 0) return { uid, gid: gid === 0 ? NOBODY : gid, groups: [] };
  const byGroup = (mode & WRITABLE_BY_GROUP) !== 0 && gid !== 0;
  return { uid: NOBODY, gid: byGroup ? gid : NOBODY, groups: [] };
}

/** True if users other than root may create, rename and delete entries of it. */
function isShared({ uid, gid, mode }: Stats): boolean {
  return uid !== 0 || (mode & WRITABLE_BY_ALL) !== 0 || ((mode & WRITABLE_BY_GROUP) !== 0 && gid !== 0);
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}
