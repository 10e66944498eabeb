import { unlink } from 'node:fs/promises';
import { type Exchange, HttpError, type Response } from '@webserv/server';
import { syncDirectory } from './durable.js';
import { requirePreconditions } from './receive.js';
import { inFolder, isFileName, look, requireFile, splitTarget } from './store.js';
import type { Uploads } from './uploads.js';

const deleted: Response = Object.freeze({ status: 204 });

/**
 * DELETE (RFC 9110 §9.3.5) of one file. Folders and links are refused with 409, whatever is in them or behind them.
 */
export async function remove(uploads: Uploads, { request }: Exchange): Promise<Response> {
  const target = splitTarget(uploads.store, request.path);
  if (target === undefined) throw new HttpError(409, { reason: 'DELETE of the store' });
  const { folder, name, asFolder } = target;
  if (!isFileName(name, uploads.store)) throw new HttpError(404);
  return inFolder(uploads.store, folder, 404, async (directory) => {
    await uploads.names.take(directory, await uploads.siblings.baseOf(name), async () => {
      const found = await look(directory, name);
      if (found === undefined || (asFolder && found.isFile())) throw new HttpError(404);
      requireFile(found);
      requirePreconditions(request, found);
      await unlink(directory.entry(name)); // a folder put there since is refused by the system
    });
    await syncDirectory(uploads, directory);
    return deleted;
  });
}
