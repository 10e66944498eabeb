import { realpath, stat } from 'node:fs/promises';
import { isUnder, type OpenDirectory, type RouteView } from '@webserv/server';
import { look, type Store } from './store.js';

/** Where a directory is; the name itself when that cannot be told. */
async function placeOf(directory: string): Promise<string> {
  return realpath(directory).catch(() => directory);
}

const overlap = (one: string, other: string): boolean => isUnder(one, other) || isUnder(other, one);

/** The suffixes of compressed files that any route sends, instead of the file beside them, out of a store. */
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
 * Files whose names say that they are the compressed form of another: `page.html.gz` beside `page.html`. Where they
 * are sent in its place, uploading one would change what `page.html` is.
 */
export class Siblings {
  readonly #route: RouteView;
  readonly #store: Store;
  #suffixes: Promise<readonly string[]> | undefined;

  constructor(route: RouteView, store: Store) {
    this.#route = route;
    this.#store = store;
  }

  /** Whether any file has such forms. */
  async areSent(): Promise<boolean> {
    return (await this.#all()).length > 0;
  }

  /** The name of the file that it is a form of, at last: `page.html` of `page.html.gz.br`; else the name itself. */
  async baseOf(name: string): Promise<string> {
    const [base] = await this.#basesOf(name);
    return base === undefined ? name : this.baseOf(base);
  }

  /** Whether a file with this name would be sent in place of one that is there. */
  async isSibling(directory: OpenDirectory, name: string): Promise<boolean> {
    for (const base of await this.#basesOf(name)) {
      const found = await look(directory, base);
      if (found !== undefined && !found.isDirectory()) return true;
    }
    return false;
  }

  /** When the newest compressed form of a name was changed: one that is not older than its file is sent. 0 for none. */
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

  /** Asked once, by the first upload: by then every route is there. */
  #all(): Promise<readonly string[]> {
    this.#suffixes ??= suffixesIn(this.#route, this.#store);
    return this.#suffixes;
  }
}
