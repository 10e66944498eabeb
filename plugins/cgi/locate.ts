import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type DecodedPath,
  type Exchange,
  type FilePath,
  HttpError,
  leadingPath,
  openDirectory,
  pathText,
} from '@webserv/server';
import type { Command } from './directives.js';

/** What a request runs. */
export interface Script {
  readonly command: Command;
  readonly file: FilePath;
  /** Where it runs: its own folder, or the nearest that exists. */
  readonly folder: string;
  /** The part of the URL's path that names it. */
  readonly name: string;
  /** The part behind that: empty, or from a slash on. */
  readonly extraPath: string;
}

export interface LocateOptions {
  readonly commands: ReadonlyMap<string, Command>;
  readonly requireFile: boolean;
}

interface Candidate {
  /** Where its segment ends in the path. */
  readonly end: number;
  readonly command: Command;
}

/** The path's segments that have a script's extension, first to last. */
function candidates(path: string, commands: ReadonlyMap<string, Command>): Candidate[] {
  const found: Candidate[] = [];
  for (let start = 1; start < path.length; ) {
    const slash = path.indexOf('/', start);
    const end = slash === -1 ? path.length : slash;
    const dot = path.lastIndexOf('.', end - 1);
    const command = dot > start ? commands.get(path.slice(dot, end)) : undefined;
    if (command !== undefined) found.push({ end, command });
    start = end + 1;
  }
  return found;
}

/**
 * True for a last segment that is a script's name only to a lenient file system: other case (APFS, NTFS), dots and
 * spaces at the end or a stream's name behind a colon (NTFS). Handed on, it could be answered with the source.
 */
function isDisguised(path: string, commands: ReadonlyMap<string, Command>): boolean {
  let end = path.endsWith('/') ? path.length - 1 : path.length;
  const start = path.lastIndexOf('/', end - 1) + 1;
  const exact = path.slice(path.lastIndexOf('.', end - 1), end);
  const colon = path.indexOf(':', start);
  if (colon !== -1) end = Math.min(colon, end);
  while (end > start && (path[end - 1] === '.' || path[end - 1] === ' ')) end -= 1;
  const dot = path.lastIndexOf('.', end - 1);
  if (dot < start) return false;
  const extension = path.slice(dot, end).toLowerCase();
  for (const known of commands.keys()) if (known.toLowerCase() === extension) return !commands.has(exact);
  return false;
}

/**
 * False for what PATH_INFO must not hold once it is decoded (RFC 3875 §4.1.5): a NUL would end it, and dot segments made
 * of encoded slashes would lead a script that trusts the server to have resolved them out of its directory.
 */
function isPathInfo(text: string): boolean {
  return !text.includes('\0') && !/(?:^|\/)\.\.?(?:\/|$)/.test(text);
}

/**
 * The nearest folder above a file that does not exist, below the route's root.
 * @throws HttpError 404 when a file stands where a folder would have to: `/picture.jpg/x.php` must not make an
 * interpreter that walks back (PHP's cgi.fix_pathinfo) run the picture
 */
async function nearestFolder(exchange: Exchange, path: DecodedPath, end: number): Promise<string> {
  let slash = end;
  do {
    slash = path.lastIndexOf('/', slash - 1);
    const folder = exchange.route.resolve(leadingPath(path, slash));
    if (folder === undefined) break;
    const found = await openDirectory(folder, exchange.route.boundary);
    if (found.kind === 'forbidden') throw new HttpError(403);
    if (found.kind === 'directory') {
      await found.directory.close();
      return folder;
    }
    if ((await exchange.open(folder)).kind !== 'absent') break;
  } while (slash > 0);
  throw new HttpError(404);
}

/**
 * Finds the script a request names: the first segment of its path that has a script's extension and is a file.
 * @returns undefined when the request is not for a script
 * @throws HttpError 404 when there is none by that name, 403 when it may not be run
 */
export async function locate(exchange: Exchange, options: LocateOptions): Promise<Script | undefined> {
  const { path } = exchange.request;
  const found = candidates(path, options.commands);
  if (isDisguised(path, options.commands)) throw new HttpError(404);
  if (found.length > 0 && !isPathInfo(pathText(path))) throw new HttpError(400);
  for (const { end, command } of found) {
    const file = exchange.route.resolve(leadingPath(path, end));
    if (file === undefined) continue; // a segment of the route's own prefix
    const lookup = await exchange.open(file);
    if (lookup.kind === 'directory') continue;
    if (lookup.kind === 'forbidden') throw new HttpError(403);
    if (lookup.kind === 'special') throw new HttpError(404);
    const script = { command, file, name: path.slice(0, end), extraPath: path.slice(end) };
    if (lookup.kind === 'file') {
      lookup.file.close();
      if (command.length === 0) await requireExecutable(file);
      return { ...script, folder: dirname(file) };
    }
    if (options.requireFile || command.length === 0) throw new HttpError(404);
    return { ...script, folder: await nearestFolder(exchange, path, end) };
  }
  return undefined;
}

async function requireExecutable(file: FilePath): Promise<void> {
  try {
    await access(file, constants.X_OK);
  } catch (cause) {
    throw new HttpError(403, { reason: 'the script is not executable', cause });
  }
}
