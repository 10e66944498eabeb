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
  type Script,
} from '@webserv/server';
import { type Command, EVERY } from './directives.js';

/** What a request runs. */
export interface Runnable {
  readonly script: Script;
  readonly command: Command;
  /** Where it runs: its own directory, or the nearest that exists. */
  readonly folder: string;
}

export interface LocateOptions {
  readonly commands: ReadonlyMap<string, Command>;
  readonly requireFile: boolean;
  readonly pathInfo: 'full' | 'rest' | 'off';
}

/**
 * Looks at the file of the script that a request names.
 * @returns undefined when the request is not for a script
 * @throws HttpError 404 when there is none by that name, 403 when it may not be run
 */
export async function locate(exchange: Exchange, options: LocateOptions): Promise<Runnable | undefined> {
  const { script, request } = exchange;
  const { commands, requireFile, pathInfo } = options;
  if (script === undefined) {
    if (isDisguised(exchange.route, request.path)) throw new HttpError(404);
    if (isScriptName(exchange.route, request.path) && !isPathInfo(pathText(request.path)))
      throw new HttpError(400);
    return undefined;
  }
  const { path, extraPath, file } = script;
  const command = commands.get(path.slice(path.lastIndexOf('.'))) ?? commands.get(EVERY);
  if (command === undefined) return undefined;
  if (!isPathInfo(pathText(request.path))) throw new HttpError(400);
  const lookup = await exchange.open(file);
  if (lookup.kind === 'directory') return undefined;
  if (pathInfo === 'off' && extraPath !== '') throw new HttpError(404);
  if (lookup.kind === 'forbidden') throw new HttpError(403);
  if (lookup.kind === 'special') throw new HttpError(404);
  if (lookup.kind === 'file') {
    lookup.file.close();
    if (command.length === 0) await requireExecutable(file);
    return { script, command, folder: dirname(file) };
  }
  if (requireFile || command.length === 0) throw new HttpError(404);
  return { script, command, folder: await nearestFolder(exchange, path) };
}

/** A script's name to a lenient file system only: handed on, it could be answered with the source. */
function isDisguised({ scripts }: Exchange['route'], path: string): boolean {
  return scripts?.isDisguised(path.replace(/\/$/, '').replace(/^.*\//s, '')) === true;
}

function isScriptName({ scripts }: Exchange['route'], path: string): boolean {
  return scripts?.runs(path.slice(path.lastIndexOf('/') + 1)) === true;
}

/**
 * False for what PATH_INFO must not hold once it is decoded (RFC 3875 §4.1.5): a NUL would end it, and dot segments made
 * of encoded slashes would lead a script that trusts the server to have resolved them out of its directory.
 */
function isPathInfo(text: string): boolean {
  return !text.includes('\0') && !/(?:^|\/)\.\.?(?:\/|$)/.test(text);
}

/**
 * A front controller routes by REQUEST_URI, where the client's path is unchanged: behind `try_files` and `index` a NUL is
 * refused as in the script's own path. A script that is the page of an error runs, since its response is the error's.
 */
export function clientPathHasNul(exchange: Exchange): boolean {
  let client = exchange;
  while (client.origin !== undefined) {
    if (client.errorStatus !== undefined) return false;
    client = client.origin;
  }
  return pathText(client.request.path).includes('\0');
}

/**
 * The directory nearest to a file that does not exist, below the route's root: the walk goes down from there and stops at
 * the first name that is absent, however many follow.
 * @throws HttpError 404 when a file has the name of a directory: `/picture.jpg/x.php` must not make an interpreter that
 * walks back (PHP's cgi.fix_pathinfo) run the picture
 */
async function nearestFolder(exchange: Exchange, path: DecodedPath): Promise<string> {
  const { route } = exchange;
  let nearest: string | undefined;
  const last = path.lastIndexOf('/');
  for (let slash = startOf(route.root?.prefix ?? '/'); slash <= last; slash = nextSlash(path, slash)) {
    const folder = route.resolve(leadingPath(path, slash));
    if (folder === undefined) break;
    const found = await openDirectory(folder, route.boundary);
    if (found.kind === 'forbidden') throw new HttpError(403);
    if (found.kind === 'absent') {
      if ((await exchange.open(folder)).kind !== 'absent') throw new HttpError(404);
      break;
    }
    await found.directory.close();
    nearest = folder;
  }
  if (nearest === undefined) throw new HttpError(404);
  return nearest;
}

/** Where the first directory below a root's prefix ends in a path: the root itself. */
function startOf(prefix: string): number {
  return prefix === '/' ? 0 : prefix.length;
}

function nextSlash(path: string, slash: number): number {
  const next = path.indexOf('/', slash + 1);
  return next === -1 ? path.length : next;
}

async function requireExecutable(file: FilePath): Promise<void> {
  try {
    await access(file, constants.X_OK);
  } catch (cause) {
    throw new HttpError(403, { reason: 'the script is not executable', cause });
  }
}
