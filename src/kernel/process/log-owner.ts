import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Owner } from './privileges.js';

/** O_NOFOLLOW: where the workers' user may write, the name may have become a link to a file of root's. */
const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const MODE = 0o640;

/**
 * Makes logs that have been moved away anew, as files of the workers' user: it may not write to the folder. Until then root
 * has opened the logs, before it became that user. What cannot be made is told by whoever opens it.
 */
export async function giveLogs(paths: readonly string[], { uid, gid }: Owner): Promise<void> {
  for (const path of paths) {
    try {
      await using file = await open(path, FLAGS, MODE);
      const stats = await file.stat();
      // By a second name it may be another file of root's. And what is somebody else's is so on purpose.
      if (stats.isFile() && stats.nlink === 1 && stats.uid === 0) await file.chown(uid, gid);
    } catch {
      // As above.
    }
  }
}
