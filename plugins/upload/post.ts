import { join } from 'node:path';
import {
  childPath,
  type DecodedPath,
  type Exchange,
  encodePath,
  HttpError,
  type OpenDirectory,
  type Response,
} from '@webserv/server';
import type { ConflictPolicy } from './conflict-policy.js';
import { syncDirectory } from './durable.js';
import { type ReceivedFile, receiveForm } from './form.js';
import { generateName } from './names.js';
import { readFormType } from './parameters.js';
import { publish, refuseSibling, refuseTaken, withdraw } from './publish.js';
import { receive, refuseContentCoding } from './receive.js';
import { inDirectory, look } from './store.js';
import { type StoredFile, storedResponse } from './stored-response.js';
import type { TemporaryFile } from './temporary-file.js';
import type { Uploads } from './uploads.js';

/** An open directory of the store, with the URL path that named it. */
interface UploadDirectory {
  readonly path: DecodedPath;
  readonly directory: OpenDirectory;
}

function describe(
  uploads: Uploads,
  target: UploadDirectory,
  name: string,
  size: number,
  field?: string,
): StoredFile {
  const path = join(target.directory.path, name);
  const byName = uploads.route.contentType(name);
  const type = uploads.route.offers('fileFields')?.(path, byName)?.contentType ?? byName;
  return { field, name, size, type, url: encodePath(childPath(target.path, name)) };
}

/** Publishes all files or, as far as the file system allows, none: new files are removed when a later one fails. */
async function publishAll(
  uploads: Uploads,
  target: UploadDirectory,
  files: readonly ReceivedFile[],
  policy: ConflictPolicy,
): Promise<StoredFile[]> {
  const stored: StoredFile[] = [];
  const taken = new Map<string, number>();
  const created: { readonly name: string; readonly inode: number }[] = [];
  try {
    for (const { file, field, name: wanted, inode } of files) {
      const { directory } = target;
      const attempts = policy === 'rename' ? (taken.get(wanted) ?? 0) : 0;
      const published = await publish(uploads, { directory, file, name: wanted, policy, attempts });
      taken.set(wanted, published.attempts);
      if (published.created) created.push({ name: published.name, inode });
      stored.push(describe(uploads, target, published.name, file.size, field));
    }
  } catch (error) {
    for (const { name, inode } of created) await withdraw(uploads, target.directory, name, inode);
    throw error;
  }
  if (stored.length > 0) await syncDirectory(uploads, target.directory);
  for (const { size } of stored) uploads.stored(size);
  return stored;
}

/** Stores the files of a form, which get their names when the whole form has been received. */
async function postForm(
  uploads: Uploads,
  exchange: Exchange,
  target: UploadDirectory,
  boundary: string,
): Promise<Response> {
  // POST creates (RFC 9110 §9.3.3): without `upload_conflict` it replaces nothing.
  const policy = uploads.conflict ?? 'rename';
  const admit = async (name: string): Promise<void> => {
    if (policy === 'refuse' && (await look(target.directory, name)) !== undefined) refuseTaken();
    if (await uploads.siblings.isSibling(target.directory, name)) refuseSibling();
  };
  const received: TemporaryFile[] = [];
  const create = async (): Promise<TemporaryFile> => {
    const file = await uploads.temporaries.create(target.directory);
    received.push(file);
    return file;
  };
  try {
    const { files, fields } = await receiveForm(exchange.request.body, boundary, {
      maxFiles: uploads.maxFiles,
      admit,
      slots: uploads.slots,
      create,
    });
    return storedResponse(exchange, await publishAll(uploads, target, files, policy), fields);
  } finally {
    for (const file of received) await uploads.temporaries.remove(file);
  }
}

/** Stores any other content as one file under a generated name. */
async function postContent(
  uploads: Uploads,
  exchange: Exchange,
  target: UploadDirectory,
  type: string,
): Promise<Response> {
  const file = await uploads.temporaries.create(target.directory);
  try {
    await receive(exchange.request.body, file, uploads.slots);
    const wanted = { directory: target.directory, file, name: generateName(type), policy: 'rename' } as const;
    const { name } = await publish(uploads, wanted);
    await syncDirectory(uploads, target.directory);
    uploads.stored(file.size);
    return storedResponse(exchange, [describe(uploads, target, name, file.size)]);
  } finally {
    await uploads.temporaries.remove(file);
  }
}

/** POST to a directory (RFC 9110 §9.3.3): stores the request's content in it. */
export async function post(uploads: Uploads, exchange: Exchange): Promise<Response> {
  const { request } = exchange;
  refuseContentCoding(request);
  const content = readFormType(request.headers.get('content-type'));
  if (content.kind === 'malformed')
    throw new HttpError(400, { reason: 'multipart: the boundary in Content-Type is missing or invalid' });
  return inDirectory(uploads.store, request.path, 404, (directory) => {
    const target = { path: request.path, directory };
    return content.kind === 'form'
      ? postForm(uploads, exchange, target, content.boundary)
      : postContent(uploads, exchange, target, content.type);
  });
}
