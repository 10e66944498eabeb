import { realpath } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { type Config, isUnder } from '@webserv/server';

type Block = Config['servers'][number]['route'];

async function placeOf(directory: string): Promise<string> {
  return realpath(directory).catch(() => directory);
}

/** Returns the upload directory of a block whose uploads are not trusted. */
function storeOf({ root, options }: Block): string | undefined {
  const own = options.get('upload');
  if (own?.upload !== true || own.upload_trusted === true) return undefined;
  return typeof own.upload_store === 'string' ? own.upload_store : root?.directory;
}

function* blocksIn(block: Block): Generator<Block> {
  yield block;
  for (const child of block.children) yield* blocksIn(child);
}

/** Directories of a configuration whose files may come from untrusted clients. */
export class Stores {
  readonly #directories: ReadonlySet<string>;

  constructor(servers: Config['servers']) {
    const directories = new Set<string>();
    for (const { route } of servers) {
      for (const block of blocksIn(route)) {
        const directory = storeOf(block);
        if (directory !== undefined) directories.add(directory);
      }
    }
    this.#directories = directories;
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
