import { constants, type Stats } from 'node:fs';
import { access, lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { displayPath } from '../diagnostics/display-path.js';
import { type Account, isRoot } from './account.js';
import { streamAt } from './own-stream.js';
import { type SafePath, safePath } from './path-writer.js';
import { MAY_SEARCH, MAY_WRITE, mayReach, permits } from './permission.js';

export const NO_DIRECTORY = 'its folder does not exist';
export const IS_LINK = 'it is a symbolic link that somebody but root may have made: name the file itself';
const IS_DIRECTORY = 'it is a folder';
const DENIED = 'it may not be written to';

/**
 * Why a file could be neither made nor written to, found without a trace: nothing is opened or made.
 * @param account what the workers run as
 * @returns undefined when nothing is in the way
 */
export async function writeProblem(path: string, account: Account | undefined): Promise<string | undefined> {
  if (streamAt(path) !== undefined) return undefined;
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
  const folder = dirname(path);
  return denied(async () => {
    if (known === undefined && (await isFile(folder))) return `${displayPath(folder)} is a file`;
    if (writer !== undefined) return (await mayWrite(known, folder, writer)) ? undefined : deniedTo(writer);
    const isOther = known?.isFile() === true && known.nlink > 1 && known.uid !== account?.uid;
    if (isOther) return 'it has a second name (a hard link)';
    // Root may do anything, but on a file system that is read-only.
    await access(known === undefined ? folder : path, constants.W_OK);
    return undefined;
  });
}

async function isFile(folder: string): Promise<boolean> {
  return !(await stat(folder)).isDirectory();
}

async function denied(look: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await look();
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return isAbsent ? NO_DIRECTORY : DENIED;
  }
}

async function mayWrite(known: Stats | undefined, folder: string, writer: Account): Promise<boolean> {
  if (!(await mayReach(folder, writer))) return false;
  if (known !== undefined) return permits(known, MAY_WRITE, writer);
  return permits(await stat(folder), MAY_WRITE | MAY_SEARCH, writer);
}

function deniedTo({ uid }: Account): string {
  return `others than root can write to a directory on the way to it, so it is opened with the rights of user ${uid}, which do not suffice`;
}
