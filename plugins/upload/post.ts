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
import { type StoredFile, storedAnswer } from './answer.js';
import type { ConflictPolicy } from './conflict-policy.js';
import { syncDirectory } from './durable.js';
import { type ReceivedFile, receiveForm } from './form.js';
import { generateName } from './names.js';
import { readFormType } from './parameters.js';
import { publish, refuseSibling, refuseTaken, withdraw } from './publish.js';
import { receive, refuseContentCoding } from './receive.js';
import { inFolder, look } from './store.js';
import type { TemporaryFile } from './temporary-file.js';
import type { Uploads } from './uploads.js';

/** A folder of the store, open, and the path the request named it by. */
interface Folder {
  readonly path: DecodedPath;
  readonly directory: OpenDirectory;
}

function describe(uploads: Uploads, folder: Folder, name: string, size: number, field?: string): StoredFile {
  const path = join(folder.directory.path, name);
  const byName = uploads.route.contentType(name);
  const type = uploads.route.offers('fileFields')?.(path, byName)?.contentType ?? byName;
  return { field, name, size, type, url: encodePath(childPath(folder.path, name)) };
}

/** All of them or, as far as a file system allows, none: what is new is taken back when a later one fails. */
async function publishAll(
  uploads: Uploads,
  folder: Folder,
  files: readonly ReceivedFile[],
  policy: ConflictPolicy,
): Promise<StoredFile[]> {
  const stored: StoredFile[] = [];
  const taken = new Map<string, number>();
  const created: { readonly name: string; readonly inode: number }[] = [];
  try {
    for (const { file, field, name: wanted, inode } of files) {
      const { directory } = folder;
      const attempts = policy === 'rename' ? (taken.get(wanted) ?? 0) : 0;
      const published = await publish(uploads, { directory, file, name: wanted, policy, attempts });
      taken.set(wanted, published.attempts);
      if (published.created) created.push({ name: published.name, inode });
      stored.push(describe(uploads, folder, published.name, file.size, field));
    }
  } catch (error) {
    for (const { name, inode } of created) await withdraw(uploads, folder.directory, name, inode);
    throw error;
  }
  if (stored.length > 0) await syncDirectory(uploads, folder.directory);
  for (const { size } of stored) uploads.stored(size);
  return stored;
}

/** A form: its files get their names when all of it is here. */
async function postForm(
  uploads: Uploads,
  exchange: Exchange,
  folder: Folder,
  boundary: string,
): Promise<Response> {
  // POST asks for something new (RFC 9110 §9.3.3): unless told otherwise, it takes nothing away.
  const policy = uploads.conflict ?? 'rename';
  const admit = async (name: string): Promise<void> => {
    if (policy === 'refuse' && (await look(folder.directory, name)) !== undefined) refuseTaken();
    if (await uploads.siblings.isSibling(folder.directory, name)) refuseSibling();
  };
  const received: TemporaryFile[] = [];
  const create = async (): Promise<TemporaryFile> => {
    const file = await uploads.temporaries.create(folder.directory);
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
    return storedAnswer(exchange, await publishAll(uploads, folder, files, policy), fields);
  } finally {
    for (const file of received) await uploads.temporaries.remove(file);
  }
}

/** Any other content: one file under a new name. */
async function postContent(
  uploads: Uploads,
  exchange: Exchange,
  folder: Folder,
  type: string,
): Promise<Response> {
  const file = await uploads.temporaries.create(folder.directory);
  try {
    await receive(exchange.request.body, file, uploads.slots);
    const wanted = { directory: folder.directory, file, name: generateName(type), policy: 'rename' } as const;
    const { name } = await publish(uploads, wanted);
    await syncDirectory(uploads, folder.directory);
    uploads.stored(file.size);
    return storedAnswer(exchange, [describe(uploads, folder, name, file.size)]);
  } finally {
    await uploads.temporaries.remove(file);
  }
}

/** POST (RFC 9110 §9.3.3) to a folder: stores what is sent in it. */
export async function post(uploads: Uploads, exchange: Exchange): Promise<Response> {
  const { request } = exchange;
  refuseContentCoding(request);
  const content = readFormType(request.headers.get('content-type'));
  if (content.kind === 'malformed') throw new HttpError(400, { reason: 'multipart: no usable boundary' });
  return inFolder(uploads.store, request.path, 404, (directory) => {
    const folder = { path: request.path, directory };
    return content.kind === 'form'
      ? postForm(uploads, exchange, folder, content.boundary)
      : postContent(uploads, exchange, folder, content.type);
  });
}
