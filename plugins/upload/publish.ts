import type { Stats } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { entityTagOf, HttpError, type OpenDirectory } from '@webserv/server';
import type { ConflictPolicy } from './conflict-policy.js';
import { alternative } from './names.js';
import { look, requireFile } from './store.js';
import type { TemporaryFile } from './temporary-file.js';
import type { Uploads } from './uploads.js';

/** Maximum number of names tried for one file. All but the first few are random, so that one of them is free. */
const MAX_ATTEMPTS = 100;

export interface Published {
  readonly name: string;
  /** False when it replaced another file. */
  readonly created: boolean;
  /** undefined when another program has already removed the file. */
  readonly etag: string | undefined;
}

export interface Placed extends Published {
  /** Number of alternatives of the name that are known to be taken. */
  readonly attempts: number;
}

/** A completely received file and the name requested for it. */
export interface Publication {
  readonly directory: OpenDirectory;
  readonly file: TemporaryFile;
  readonly name: string;
  readonly policy: ConflictPolicy;
  /** Number of alternatives of the name that are known to be taken and need not be tried; default 0. */
  readonly attempts?: number;
  /** Throws when the file must not replace what has the name at the moment of publishing. */
  readonly verify?: ((found: Stats | undefined) => void) | undefined;
}

/** @throws HttpError 409: clients that accept compressed responses would get this file instead of the other one */
export function refuseSibling(): never {
  throw new HttpError(409, {
    reason: 'the name is that of a precompressed form of another file (compress_static)',
  });
}

/** @throws HttpError 409 */
export function refuseTaken(): never {
  throw new HttpError(409, { reason: 'the name is taken' });
}

/**
 * Gives a complete file its name, atomically: no reader sees the name without the file or with half of it.
 * @throws HttpError 409 when the policy rejects, something other than a file has the name, or the name is that of a
 * compressed form of another file
 */
export async function publish(uploads: Uploads, publication: Publication): Promise<Placed> {
  const { name, policy, verify, attempts = 0 } = publication;
  const end = policy === 'rename' ? attempts + MAX_ATTEMPTS : 1;
  for (let attempt = attempts; attempt < end; attempt += 1) {
    const isOwn = attempt === 0;
    const candidate = {
      ...publication,
      name: alternative(name, attempt),
      verify: isOwn ? verify : undefined,
    };
    if (isOwn && (await uploads.siblings.isSibling(publication.directory, name))) refuseSibling();
    const published = await publishAs(uploads, candidate);
    if (published !== undefined) return { ...published, attempts: attempt + 1 };
  }
  // Taken since the first check: the request's own preconditions decide about the status.
  verify?.(await look(publication.directory, name));
  return refuseTaken();
}

/** @returns undefined when the name is taken */
async function publishAs(uploads: Uploads, publication: Publication): Promise<Published | undefined> {
  const { names, siblings } = uploads;
  const { directory, file, name, policy, verify } = publication;
  if (policy !== 'replace') {
    const found = await look(directory, name);
    verify?.(found);
    if (found !== undefined) return undefined;
    // Nothing is replaced: the system gives the name to one process only, without a lock.
    const claim = (await siblings.areSent()) ? 'no-links' : await file.claim(name);
    if (claim === 'taken') return undefined;
    if (claim === 'claimed') return published(uploads, directory, name, true);
  }
  return names.take(directory, await siblings.baseOf(name), () => publishLocked(uploads, publication));
}

async function publishLocked(
  uploads: Uploads,
  { directory, file, name, policy, verify }: Publication,
): Promise<Published | undefined> {
  const { siblings } = uploads;
  const found = await look(directory, name);
  verify?.(found);
  if (policy === 'replace') requireFile(found);
  else if (found !== undefined) return undefined;
  if (await siblings.isSibling(directory, name)) return undefined;
  await file.makeNewerThan(Math.max(found?.mtimeMs ?? 0, await siblings.newest(directory, name)));
  if (policy === 'replace') await file.replace(name);
  else if ((await file.claimWithLock(name)) === 'taken') return undefined;
  return published(uploads, directory, name, found === undefined);
}

/** Reads the status after the file got its name, because that changes its ctime. */
async function published(
  { changed }: Uploads,
  directory: OpenDirectory,
  name: string,
  created: boolean,
): Promise<Published> {
  changed(join(directory.path, name));
  const found = await look(directory, name);
  return { name, created, etag: found && entityTagOf(found) };
}

/** Removes a published file again, unless another file has its name by now. */
export async function withdraw(
  { names, siblings, changed }: Uploads,
  directory: OpenDirectory,
  name: string,
  inode: number,
): Promise<void> {
  await names.take(directory, await siblings.baseOf(name), async () => {
    const found = await look(directory, name);
    if (found?.ino !== inode) return;
    await unlink(directory.entry(name));
    changed(join(directory.path, name));
  });
}
