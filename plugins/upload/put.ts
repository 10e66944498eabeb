import type { Stats } from 'node:fs';
import {
  childPath,
  type Exchange,
  encodePath,
  HttpError,
  type Request,
  type Response,
} from '@webserv/server';
import { syncDirectory } from './durable.js';
import { isAcceptable } from './names.js';
import { publish, refuseSibling, refuseTaken } from './publish.js';
import { receive, refuseContentCoding, requirePreconditions } from './receive.js';
import { inFolder, isFileName, look, requireFile, splitTarget, type Target } from './store.js';
import type { Uploads } from './uploads.js';

/** @throws HttpError for what can never become a file there; nothing is looked at, and no content asked for */
function targetOf(uploads: Uploads, request: Request): Target {
  // RFC 9110 §14.5: a part must not be taken for the whole.
  if (request.headers.has('content-range')) throw new HttpError(400, { reason: 'PUT with Content-Range' });
  refuseContentCoding(request);
  const target = splitTarget(uploads.store, request.path);
  if (target === undefined || target.asFolder) throw new HttpError(409, { reason: 'PUT on a folder' });
  if (!isFileName(target.name, uploads.store)) throw new HttpError(404);
  if (!isAcceptable(target.name.replace(/^\./, '')))
    throw new HttpError(400, { reason: 'not a name for a file' });
  return target;
}

/**
 * PUT (RFC 9110 §9.3.4): the content becomes the file at the URL.
 * 201 with Location when that is new, 204 when it replaced one; with the file's new entity tag.
 */
export async function put(uploads: Uploads, { request }: Exchange): Promise<Response> {
  const { folder, name } = targetOf(uploads, request);
  // A link is made only where nothing is: `If-None-Match: *` holds against other processes too.
  const exclusive = request.headers.get('if-none-match') === '*';
  const policy = exclusive ? 'refuse' : (uploads.conflict ?? 'replace');
  const verify = (found: Stats | undefined): void => {
    requireFile(found);
    requirePreconditions(request, found);
    if (policy === 'refuse' && found !== undefined) refuseTaken();
  };
  return inFolder(uploads.store, folder, 409, async (directory) => {
    verify(await look(directory, name)); // before the content is asked for
    if (await uploads.siblings.isSibling(directory, name)) refuseSibling();
    const file = await uploads.temporaries.create(directory);
    try {
      await receive(request.body, file, uploads.slots);
      const published = await publish(uploads, { directory, file, name, policy, verify });
      await syncDirectory(uploads, directory);
      uploads.stored(file.size);
      const etag = published.etag === undefined ? {} : { etag: published.etag };
      if (!published.created) return { status: 204, headers: etag };
      return { status: 201, headers: { ...etag, location: encodePath(childPath(folder, published.name)) } };
    } finally {
      await uploads.temporaries.remove(file);
    }
  });
}
