import { constants, type Stats } from 'node:fs';
import { access, lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { displayPath } from '../diagnostics/display-path.js';
import { errorCode } from '../diagnostics/error-code.js';
import { type Account, isRoot } from './account.js';
import { inheritedStream } from './inherited-stream.js';
import { type SafePath, safePath } from './path-writer.js';
import { MAY_SEARCH, MAY_WRITE, mayReach, permits } from './permission.js';

export const NO_DIRECTORY = 'its directory does not exist';
export const IS_LINK =
  'it is a symbolic link that a user other than root may have created: name the file itself';
const IS_DIRECTORY = 'it is a directory';
const DENIED = 'the server may not write to it';

/**
 * Reports why a file could not be created or written to. Leaves no trace: nothing is opened or created.
 * @param account what the workers run as
 * @returns undefined if nothing prevents it
 */
export async function writeProblem(path: string, account: Account | undefined): Promise<string | undefined> {
  if (inheritedStream(path) !== undefined) return undefined;
  return isRoot() ? problemOfRoot(safePath(path, account), account) : problemOf(path);
}

async function problemOf(path: string): Promise<string | undefined> {
  const known = await stat(path).catch(() => undefined);
  if (known?.isDirectory()) return IS_DIRECTORY;
  return denied(async () => {
    if (known !== undefined) await access(path, constants.W_OK);
    else if (await isFile(dirname(path))) return `${displayPath(dirname(path))} is a file`;
    else await access(dirname(path), constants.W_OK | constants.X_OK);
    return undefined;
  });
}

async function problemOfRoot(
  { path, writer }: SafePath,
  account: Account | undefined,
): Promise<string | undefined> {
  const known = await lstat(path).catch(() => undefined);
  if (known?.isDirectory()) return IS_DIRECTORY;
  if (known?.isSymbolicLink()) return IS_LINK;
  const directory = dirname(path);
  return denied(async () => {
    if (known === undefined && (await isFile(directory))) return `${displayPath(directory)} is a file`;
    if (writer !== undefined)
      return (await mayWrite(known, directory, writer)) ? undefined : deniedTo(writer);
    const isOther = known?.isFile() === true && known.nlink > 1 && known.uid !== account?.uid;
    if (isOther) return 'it has a second name (a hard link)';
    // Root may write anywhere, except on a read-only file system.
    await access(known === undefined ? directory : path, constants.W_OK);
    return undefined;
  });
}

async function isFile(directory: string): Promise<boolean> {
  return !(await stat(directory)).isDirectory();
}

async function denied(look: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await look();
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? NO_DIRECTORY : DENIED;
  }
}

async function mayWrite(known: Stats | undefined, directory: string, writer: Account): Promise<boolean> {
  if (!(await mayReach(directory, writer))) return false;
  if (known !== undefined) return permits(known, MAY_WRITE, writer);
  return permits(await stat(directory), MAY_WRITE | MAY_SEARCH, writer);
}

function deniedTo({ uid }: Account): string {
  return `users other than root can write to a directory of its path, so it is opened with the rights of user ${uid}, which may not write there`;
}
