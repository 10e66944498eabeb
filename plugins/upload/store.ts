import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import {
  type Boundary,
  type DecodedPath,
  HttpError,
  isVisible,
  leadingPath,
  type OpenDirectory,
  openDirectory,
  type RootMapping,
  resolveVisible,
  segmentsOf,
} from '@webserv/server';
import { errorCode } from './failure.js';

/** Where a route's uploads go. */
export interface Store {
  readonly mapping: RootMapping;
  readonly boundary: Boundary;
}

/** The last segment of a path, and the folder it is in. */
export interface Target {
  readonly folder: DecodedPath;
  readonly name: string;
  /** The path ends with a slash: whatever it names is meant as a folder. */
  readonly asFolder: boolean;
}

/** @returns undefined for the store itself, which is in no folder that uploads may reach */
export function splitTarget(store: Store, path: DecodedPath): Target | undefined {
  const asFolder = path.endsWith('/');
  const bare = asFolder ? path.slice(0, -1) : path;
  if (bare.length <= (store.mapping.prefix === '/' ? 0 : store.mapping.prefix.length)) return undefined;
  const slash = bare.lastIndexOf('/');
  const folder = leadingPath(path, slash + 1);
  const name = segmentsOf(leadingPath(path, bare.length)).at(-1) ?? '';
  return { folder, name, asFolder };
}

/**
 * False for a segment that is no file's name, a hidden one, or one of bytes that are not UTF-8, which uploads leave alone.
 */
export function isFileName(name: string, { boundary: { hiddenFiles = false } }: Store): boolean {
  return !/[/\0]/.test(name) && name.isWellFormed() && isVisible(`./${name}`, 0, hiddenFiles);
}

/**
 * Opens a folder of the store and does something in it. The folder is held open meanwhile: what happens, happens
 * there, also when its path is swapped for a link to elsewhere.
 * @param absent the status for a folder that is not there
 * @throws HttpError 404 for a hidden folder, 403 for one outside the store
 */
export async function inFolder<T>(
  store: Store,
  path: DecodedPath,
  absent: number,
  work: (directory: OpenDirectory) => Promise<T>,
): Promise<T> {
  const { hiddenFiles = false } = store.boundary;
  const folder = resolveVisible(store.mapping, path, hiddenFiles);
  if (folder === undefined) throw new HttpError(404);
  const lookup = await openDirectory(folder, store.boundary);
  if (lookup.kind === 'absent') throw new HttpError(absent, { reason: 'there is no such folder' });
  if (lookup.kind === 'forbidden') throw new HttpError(403, { reason: 'a folder outside the store' });
  try {
    return await work(lookup.directory);
  } finally {
    await lookup.directory.close();
  }
}

/** What has a name in a folder, itself and not what it links to; undefined when nothing has. */
export async function look(directory: OpenDirectory, name: string): Promise<Stats | undefined> {
  try {
    return await lstat(directory.entry(name));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Uploads make files, and touch nothing else: no folder, and no link, whose target is not theirs to decide about.
 * @throws HttpError 409
 */
export function requireFile(found: Stats | undefined): void {
  if (found === undefined || found.isFile()) return;
  const what = found.isDirectory() ? 'a folder' : found.isSymbolicLink() ? 'a link' : 'no regular file';
  throw new HttpError(409, { reason: `what has that name is ${what}` });
}
