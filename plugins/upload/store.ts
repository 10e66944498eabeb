import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import {
  type Boundary,
  type DecodedPath,
  errorCode,
  HttpError,
  isVisible,
  leadingPath,
  type OpenDirectory,
  openDirectory,
  type RootMapping,
  resolveVisible,
  segmentsOf,
} from '@webserv/server';

/** Directory for a route's uploads. */
export interface Store {
  readonly mapping: RootMapping;
  readonly boundary: Boundary;
}

/** Last segment of a path, and the path of the directory that contains it. */
export interface Target {
  readonly parent: DecodedPath;
  readonly name: string;

  /** The path ends with a slash, so it names a directory. */
  readonly asDirectory: boolean;
}

/** @returns undefined for the store itself, whose parent is outside the store */
export function splitTarget(store: Store, path: DecodedPath): Target | undefined {
  const asDirectory = path.endsWith('/');
  const bare = asDirectory ? path.slice(0, -1) : path;
  if (bare.length <= (store.mapping.prefix === '/' ? 0 : store.mapping.prefix.length)) return undefined;
  const slash = bare.lastIndexOf('/');
  const parent = leadingPath(path, slash + 1);
  const name = segmentsOf(leadingPath(path, bare.length)).at(-1) ?? '';
  return { parent, name, asDirectory };
}

/** False for a segment that cannot be a file name, is hidden, or is not UTF-8, which uploads do not accept. */
export function isFileName(name: string, { boundary: { hiddenFiles = false } }: Store): boolean {
  return !/[/\0]/.test(name) && name.isWellFormed() && isVisible(`./${name}`, 0, hiddenFiles);
}

/**
 * Opens a directory of the store and runs `work` in it. The directory stays open meanwhile, so the work happens there
 * even when its path is replaced with a link to another directory.
 * @param absent status for a directory that does not exist
 * @throws HttpError 404 for a hidden directory, 403 for one outside the store
 */
export async function inDirectory<T>(
  store: Store,
  path: DecodedPath,
  absent: number,
  work: (directory: OpenDirectory) => Promise<T>,
): Promise<T> {
  const { hiddenFiles = false } = store.boundary;
  const filePath = resolveVisible(store.mapping, path, hiddenFiles);
  if (filePath === undefined) throw new HttpError(404);
  const lookup = await openDirectory(filePath, store.boundary);
  if (lookup.kind === 'absent') throw new HttpError(absent, { reason: 'the directory does not exist' });
  if (lookup.kind === 'forbidden')
    throw new HttpError(403, { reason: 'the directory is outside the upload directory' });
  try {
    return await work(lookup.directory);
  } finally {
    await lookup.directory.close();
  }
}

/** Returns the status of an entry, without following a link; undefined when no entry has the name. */
export async function look(directory: OpenDirectory, name: string): Promise<Stats | undefined> {
  try {
    return await lstat(directory.entry(name));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Uploads create and replace regular files only: no directories, and no links, whose targets may belong to others.
 * @throws HttpError 409
 */
export function requireFile(found: Stats | undefined): void {
  if (found === undefined || found.isFile()) return;
  const what = found.isDirectory()
    ? 'a directory'
    : found.isSymbolicLink()
      ? 'a symbolic link'
      : 'not a regular file';
  throw new HttpError(409, { reason: `the target is ${what}` });
}
