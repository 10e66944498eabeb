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

/** The script and command that a request runs. */
export interface Runnable {
  readonly script: Script;
  readonly command: Command;

  /** The script's directory, or the nearest one that exists. */
  readonly workingDirectory: string;
}

export interface LocateOptions {
  readonly commands: ReadonlyMap<string, Command>;
  readonly requireFile: boolean;
  readonly pathInfo: 'full' | 'rest' | 'off';
}

/**
 * Checks the file of the script that a request names.
 * @returns undefined when the request is not for a script
 * @throws HttpError 404 when the script does not exist, 403 when it may not be run
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
    return { script, command, workingDirectory: dirname(file) };
  }
  if (requireFile || command.length === 0) throw new HttpError(404);
  return { script, command, workingDirectory: await nearestDirectory(exchange, path) };
}

/** A name that only a lenient file system takes for a script's: another handler could send the source. */
function isDisguised({ scripts }: Exchange['route'], path: string): boolean {
  return scripts?.isDisguised(path.replace(/\/$/, '').replace(/^.*\//s, '')) === true;
}

function isScriptName({ scripts }: Exchange['route'], path: string): boolean {
  return scripts?.runs(path.slice(path.lastIndexOf('/') + 1)) === true;
}

/**
 * False for a decoded path that PATH_INFO must not contain (RFC 3875 §4.1.5): a NUL would truncate it, and dot segments
 * from encoded slashes would lead a script that trusts the server to resolve them out of its directory.
 */
function isPathInfo(text: string): boolean {
  return !text.includes('\0') && !/(?:^|\/)\.\.?(?:\/|$)/.test(text);
}

/**
 * A front controller routes by REQUEST_URI, which holds the client's path unchanged: after `try_files` and `index`, a
 * NUL is rejected as in the script's own path. A script that is an error page runs, because its response is the
 * error's.
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
 * Returns the nearest existing directory of a file that does not exist, at or below the route's root. The search starts
 * at the root and stops at the first absent name, however many follow.
 * @throws HttpError 404 when a file has the name of a directory: `/picture.jpg/x.php` must not make an interpreter that
 * walks back (PHP's cgi.fix_pathinfo) run the picture
 */
async function nearestDirectory(exchange: Exchange, path: DecodedPath): Promise<string> {
  const { route } = exchange;
  let nearest: string | undefined;
  const last = path.lastIndexOf('/');
  for (let slash = startOf(route.root?.prefix ?? '/'); slash <= last; slash = nextSlash(path, slash)) {
    const directory = route.resolve(leadingPath(path, slash));
    if (directory === undefined) break;
    const found = await openDirectory(directory, route.boundary);
    if (found.kind === 'forbidden') throw new HttpError(403);
    if (found.kind === 'absent') {
      if ((await exchange.open(directory)).kind !== 'absent') throw new HttpError(404);
      break;
    }
    await found.directory.close();
    nearest = directory;
  }
  if (nearest === undefined) throw new HttpError(404);
  return nearest;
}

/** Returns the index in a path where the first directory below a root's prefix ends: the root itself. */
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
