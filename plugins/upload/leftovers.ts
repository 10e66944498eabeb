import { lstat, opendir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@webserv/server';
import { isLeftover, isTemporaryName } from './temporaries.js';

/** Maximum number of entries inspected in one store. Leftovers beyond it stay. */
const MAX_ENTRIES = 200_000;

/** Errors for files that another server removed or that this one may not read. */
const IGNORED = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP']);

async function unlessGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (IGNORED.has(errorCode(error))) return undefined;
    throw error;
  }
}

async function removeIfLeftover(path: string, name: string): Promise<boolean> {
  const stats = await lstat(path);
  if (!stats.isFile() || !(await isLeftover(name, stats.mtimeMs))) return false;
  await unlink(path);
  return true;
}

/**
 * Removes the temporary files that a killed server left in a store and in the directories below it. Does not follow
 * links, and removes only files with the name of a temporary file whose server is gone.
 * @returns the number of files removed
 */
export async function removeLeftovers(store: string, signal: AbortSignal): Promise<number> {
  const directories = [store];
  let entries = 0;
  let removed = 0;
  for (let next = directories.pop(); next !== undefined; next = directories.pop()) {
    const here = next;
    const directory = await unlessGone(() => opendir(here, { bufferSize: 1024 }));
    if (directory === undefined) continue;
    for await (const entry of directory) {
      entries += 1;
      if (entries > MAX_ENTRIES || signal.aborted) return removed;
      const path = join(here, entry.name);
      if (entry.isDirectory()) directories.push(path);
      else if (isTemporaryName(entry.name) && (await unlessGone(() => removeIfLeftover(path, entry.name)))) {
        removed += 1;
      }
    }
  }
  return removed;
}
