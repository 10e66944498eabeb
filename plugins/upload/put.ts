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
import { inDirectory, isFileName, look, requireFile, splitTarget, type Target } from './store.js';
import type { Uploads } from './uploads.js';

/** @throws HttpError for a target that can never become a file; reads neither the file system nor the body */
function targetOf(uploads: Uploads, request: Request): Target {
  // RFC 9110 §14.5: a partial PUT must not be taken for a complete one.
  if (request.headers.has('content-range'))
    throw new HttpError(400, { reason: 'PUT with Content-Range is not supported' });
  refuseContentCoding(request);
  const target = splitTarget(uploads.store, request.path);
  if (target === undefined || target.asDirectory) throw new HttpError(409, { reason: 'PUT to a directory' });
  if (!isFileName(target.name, uploads.store)) throw new HttpError(404);
  if (!isAcceptable(target.name.replace(/^\./, '')))
    throw new HttpError(400, { reason: 'the last path segment is not a valid file name' });
  return target;
}

/**
 * PUT (RFC 9110 §9.3.4): stores the content as the file at the URL. Responds 201 with Location when the file is new,
 * 204 when it replaced one; both with the file's new entity-tag.
 */
export async function put(uploads: Uploads, { request }: Exchange): Promise<Response> {
  const { parent, name } = targetOf(uploads, request);
  // A link is created only where no file exists, so `If-None-Match: *` also holds against other processes.
  const exclusive = request.headers.get('if-none-match') === '*';
  const policy = exclusive ? 'refuse' : (uploads.conflict ?? 'replace');
  const verify = (found: Stats | undefined): void => {
    requireFile(found);
    requirePreconditions(request, found);
    if (policy === 'refuse' && found !== undefined) refuseTaken();
  };
  return inDirectory(uploads.store, parent, 409, async (directory) => {
    verify(await look(directory, name)); // before the body is read
    if (await uploads.siblings.isSibling(directory, name)) refuseSibling();
    const file = await uploads.temporaries.create(directory);
    try {
      await receive(request.body, file, uploads.slots);
      const published = await publish(uploads, { directory, file, name, policy, verify });
      await syncDirectory(uploads, directory);
      uploads.stored(file.size);
      const etag = published.etag === undefined ? {} : { etag: published.etag };
      if (!published.created) return { status: 204, headers: etag };
      return { status: 201, headers: { ...etag, location: encodePath(childPath(parent, published.name)) } };
    } finally {
      await uploads.temporaries.remove(file);
    }
  });
}
