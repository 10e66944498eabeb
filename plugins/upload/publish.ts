import type { Stats } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { HttpError, type OpenDirectory } from '@webserv/server';
import { alternative } from './names.js';
import { look, requireFile } from './store.js';
import type { TemporaryFile } from './temporary-file.js';

/** What happens to a file whose name is taken. */
export type ConflictPolicy = 'replace' | 'rename' | 'refuse';

export interface Published {
  readonly name: string;
  /** False when it took the place of another file. */
  readonly created: boolean;
}

/** @throws HttpError 409 */
export function refuseTaken(): never {
  throw new HttpError(409, { reason: 'the name is taken' });
}

/**
 * Gives a whole file its name, in one step. Nobody sees the name without the file or with half of it.
 * @param found what has the name now
 * @throws HttpError 409 when the policy refuses, or something that is no file has the name
 */
export async function publish(
  file: TemporaryFile,
  name: string,
  policy: ConflictPolicy,
  found: Stats | undefined,
): Promise<Published> {
  switch (policy) {
    case 'replace':
      requireFile(found);
      await file.replace(name);
      return { name, created: found === undefined };
    case 'refuse':
      if (!(await file.claim(name))) refuseTaken();
      return { name, created: true };
    case 'rename':
      for (let attempt = 0; ; attempt += 1) {
        const candidate = alternative(name, attempt);
        if (await file.claim(candidate)) return { name: candidate, created: true };
      }
  }
}

/** Takes a published file back, unless another has its name by now. */
export async function withdraw(directory: OpenDirectory, name: string, inode: number): Promise<void> {
  const found = await look(directory, name);
  if (found?.ino === inode) await unlink(directory.entry(name));
}
