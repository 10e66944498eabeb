import type { OpenDirectory } from '@webserv/server';
import type { Uploads } from './uploads.js';

/** Syncs a directory's entries to disk, after its files: without its entry, a file is lost in a crash. */
export async function syncDirectory({ slots }: Uploads, directory: OpenDirectory): Promise<void> {
  if (slots !== undefined) await slots.run(() => directory.sync());
}
