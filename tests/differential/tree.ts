import {
  chmod,
  chown,
  lstat,
  lutimes,
  mkdir,
  readdir,
  readFile,
  readlink,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LAST_MODIFIED } from './generate-request.js';
import type { Tree } from './model.js';

/** Contents below a directory by relative path. */
export type Snapshot = ReadonlyMap<string, string>;

const READABLE_BY_OTHERS = 0o004;

/**
 * Writes a tree below a directory.
 * @param owner becomes the owner of everything others may read, so that the server can write there; the rest stays
 * root's
 */
export async function writeTree(directory: string, tree: Tree, owner: number | undefined): Promise<void> {
  const modified = new Date(LAST_MODIFIED);
  for (const [path, entry] of tree) {
    const name = join(directory, path);
    await mkdir(dirname(name), { recursive: true });
    if (entry.kind === 'link') await symlink(entry.to, name);
    else {
      if (entry.kind === 'directory') await mkdir(name, { recursive: true });
      else await writeFile(name, entry.content);
      await chmod(name, entry.mode);
      if (owner !== undefined && (entry.mode & READABLE_BY_OTHERS) !== 0) await chown(name, owner, owner);
    }
    await lutimes(name, modified, modified);
  }
}

/** Reads a tree back. */
export async function snapshotOf(directory: string): Promise<Snapshot> {
  const found = new Map<string, string>();
  for (const path of await readdir(directory, { recursive: true })) {
    const name = join(directory, path);
    const stats = await lstat(name);
    if (stats.isSymbolicLink()) found.set(path, `→ ${await readlink(name)}`);
    else if (stats.isFile()) found.set(path, await readFile(name, 'latin1'));
    else found.set(path, 'a directory');
  }
  return found;
}
