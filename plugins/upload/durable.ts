import type { OpenDirectory } from '@webserv/server';
import type { Uploads } from './uploads.js';

/** Forces the names in a directory to the disk, after the files: a name that is lost is a file that is lost. */
export async function syncDirectory({ slots }: Uploads, directory: OpenDirectory): Promise<void> {
  if (slots !== undefined) await slots.run(() => directory.sync());
}
