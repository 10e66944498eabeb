import { realpath, stat } from 'node:fs/promises';
import { isUnder, type OpenDirectory, type RouteView } from '@webserv/server';
import { look, type Store } from './store.js';

/** Resolves a directory's real path, or returns the name itself when that fails. */
async function placeOf(directory: string): Promise<string> {
  return realpath(directory).catch(() => directory);
}

const overlap = (one: string, other: string): boolean => isUnder(one, other) || isUnder(other, one);

/** Suffixes of precompressed files that any route serves out of the store instead of the file itself. */
async function suffixesIn(route: RouteView, { mapping }: Store): Promise<readonly string[]> {
  const store = await placeOf(mapping.directory);
  const suffixes = new Set<string>();
  for (const { root, offers } of route.everyRoute()) {
    const offered = offers('siblings');
    if (root === undefined || offered === undefined) continue;
    if (!overlap(await placeOf(root.directory), store)) continue;
    for (const suffix of offered) suffixes.add(suffix);
  }
  return [...suffixes];
}

/**
 * Files named like the compressed form of another file: `page.html.gz` next to `page.html`. Where the server sends them
 * instead, uploading one would change what `page.html` shows.
 */
export class Siblings {
  readonly #route: RouteView;
  readonly #store: Store;
  #suffixes: Promise<readonly string[]> | undefined;

  constructor(route: RouteView, store: Store) {
    this.#route = route;
    this.#store = store;
  }

  /** Whether any route serves precompressed files out of the store. */
  async areSent(): Promise<boolean> {
    return (await this.#all()).length > 0;
  }

  /**
   * Returns the name of the uncompressed file: `page.html` for `page.html.gz.br`; the name itself when it has no such
   * suffix.
   */
  async baseOf(name: string): Promise<string> {
    const [base] = await this.#basesOf(name);
    return base === undefined ? name : this.baseOf(base);
  }

  /** Whether a file with this name would be served in place of another file that exists. */
  async isSibling(directory: OpenDirectory, name: string): Promise<boolean> {
    for (const base of await this.#basesOf(name)) {
      const found = await look(directory, base);
      if (found !== undefined && !found.isDirectory()) return true;
    }
    return false;
  }

  /**
   * Returns the mtime of the newest compressed form of a name, or 0: forms that are not older than their file are
   * served.
   */
  async newest(directory: OpenDirectory, name: string): Promise<number> {
    let newest = 0;
    for (const suffix of await this.#all()) {
      const found = await stat(directory.entry(name + suffix)).catch(() => undefined);
      if (found !== undefined) newest = Math.max(newest, found.mtimeMs);
    }
    return newest;
  }

  async #basesOf(name: string): Promise<readonly string[]> {
    const suffixes = await this.#all();
    return suffixes
      .filter((suffix) => name.endsWith(suffix) && name.length > suffix.length)
      .map((suffix) => name.slice(0, -suffix.length));
  }

  /** Computed with the first upload, when every route exists. */
  #all(): Promise<readonly string[]> {
    this.#suffixes ??= suffixesIn(this.#route, this.#store);
    return this.#suffixes;
  }
}
