import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Exchange, HttpError, type Response } from '@webserv/server';
import { syncDirectory } from './durable.js';
import { requirePreconditions } from './receive.js';
import { inDirectory, isFileName, look, requireFile, splitTarget } from './store.js';
import type { Uploads } from './uploads.js';

const deleted: Response = Object.freeze({ status: 204 });

/** DELETE of one file (RFC 9110 §9.3.5). Directories, empty or not, and links are rejected with 409. */
export async function remove(uploads: Uploads, { request }: Exchange): Promise<Response> {
  const target = splitTarget(uploads.store, request.path);
  if (target === undefined) throw new HttpError(409, { reason: 'DELETE of the upload directory itself' });
  const { parent, name, asDirectory } = target;
  if (!isFileName(name, uploads.store)) throw new HttpError(404);
  return inDirectory(uploads.store, parent, 404, async (directory) => {
    await uploads.names.take(directory, await uploads.siblings.baseOf(name), async () => {
      const found = await look(directory, name);
      if (found === undefined || (asDirectory && found.isFile())) throw new HttpError(404);
      requireFile(found);
      requirePreconditions(request, found);

      // unlink() fails for a directory that was created since.
      await unlink(directory.entry(name));
      uploads.changed(join(directory.path, name));
    });
    await syncDirectory(uploads, directory);
    return deleted;
  });
}
