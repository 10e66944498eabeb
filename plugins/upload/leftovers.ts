import { lstat, opendir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './failure.js';
import { isLeftover, isTemporaryName } from './temporaries.js';

/** Entries looked at in one store. Larger stores keep the leftovers that were not reached. */
const MAX_ENTRIES = 200_000;

/** What another server removed, or never let us see, is none of ours. */
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
 * Removes the temporary files that a killed server left in a store and in the folders below it. Links are not
 * followed; nothing is touched but files with a temporary file's name whose server is gone.
 * @returns how many were removed
 */
export async function removeLeftovers(store: string, signal: AbortSignal): Promise<number> {
  const folders = [store];
  let entries = 0;
  let removed = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const here = folder;
    const directory = await unlessGone(() => opendir(here, { bufferSize: 1024 }));
    if (directory === undefined) continue;
    for await (const entry of directory) {
      entries += 1;
      if (entries > MAX_ENTRIES || signal.aborted) return removed;
      const path = join(here, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (isTemporaryName(entry.name) && (await unlessGone(() => removeIfLeftover(path, entry.name)))) {
        removed += 1;
      }
    }
  }
  return removed;
}
