import { realpath } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { isUnder } from '@webserv/server';

async function placeOf(directory: string): Promise<string> {
  return realpath(directory).catch(() => directory);
}

/** Directories of a configuration whose files may come from untrusted clients. */
export class Stores {
  readonly #directories: ReadonlySet<string>;

  constructor(directories: Iterable<string>) {
    this.#directories = new Set(directories);
  }

  /**
   * @returns the directories below a root, as paths below it, whose files may come from untrusted clients; the root
   * itself when all of it may
   */
  async within(root: string): Promise<readonly string[]> {
    const found: string[] = [];
    for (const directory of this.#directories) {
      const [store, served] = [await placeOf(directory), await placeOf(root)];
      if (isUnder(served, store)) return [root];
      if (isUnder(store, served)) found.push(resolve(root, relative(served, store)));
    }
    return found;
  }
}
