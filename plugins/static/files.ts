import {
  type DecodedPath,
  type FilePath,
  type Lookup,
  type OpenFile,
  openFile,
  type RouteView,
} from '@webserv/server';
import type { FileCache, KeptFile } from './cache.js';
import { type Representation, type RepresentationOptions, represent } from './representation.js';

/** What stands at a file's path. An open file is the caller's to close. */
export type Found = Kept | Lookup;

/** A kept file under the URL it was found by. */
export interface Kept {
  readonly kind: 'kept';
  readonly file: KeptFile;
  /** When the last comparison with the file system began, by `performance.now()`. */
  readonly checkedAt: number;
}

function isVersion(file: KeptFile, opened: OpenFile): boolean {
  const { version } = file;
  return (
    version.mtimeMs === opened.mtimeMs &&
    version.ctimeMs === opened.ctimeMs &&
    version.size === opened.size &&
    version.ino === opened.ino
  );
}

/** @returns undefined when the file has become shorter meanwhile */
async function readWhole(file: OpenFile): Promise<Uint8Array | undefined> {
  const bytes = Buffer.allocUnsafeSlow(file.size);
  let filled = 0;
  while (filled < bytes.length) {
    const count = await file.read(bytes.subarray(filled), bytes.length - filled, filled);
    if (count === 0) return undefined;
    filled += count;
  }
  return bytes;
}

/** The files of one route, by URL, through the cache that all routes share. */
export class RouteFiles {
  readonly #route: RouteView;
  readonly #cache: FileCache;
  readonly #options: Omit<RepresentationOptions, 'contentType'>;
  readonly #kept = new Map<string, Kept>();
  readonly #looks = new Map<string, { readonly checkedAt: number; readonly found: Promise<Found> }>();

  constructor(route: RouteView, cache: FileCache, options: Omit<RepresentationOptions, 'contentType'>) {
    this.#route = route;
    this.#cache = cache;
    this.#options = options;
  }

  /** The file kept for a URL, if it was compared with the file system a moment ago. No I/O. */
  fresh(url: string): Kept | undefined {
    const kept = this.#kept.get(url);
    return kept !== undefined && this.#cache.isFresh(kept.checkedAt) ? kept : undefined;
  }

  /** Lets a folder's URL be answered with its index file, until that is due to be looked at again. */
  alias(url: string, index: Kept): void {
    // The cache may have let go of it since it was found.
    if (this.#kept.get(index.file.url)?.file !== index.file) return;
    index.file.aliases.add(url);
    this.#kept.set(url, index);
  }

  /**
   * What stands at a URL's path, compared with the file system or fresh. Requests at the same time share one look.
   * @throws the system's error for what is no answer to the client: EMFILE, EIO …
   */
  async find(url: DecodedPath, path: FilePath): Promise<Found> {
    const fresh = this.fresh(url);
    if (fresh !== undefined) return fresh;
    const underWay = this.#looks.get(url);
    if (underWay !== undefined && this.#cache.isFresh(underWay.checkedAt)) {
      const found = await underWay.found;
      // An open file has one owner, and this is not it.
      return found.kind === 'file' ? openFile(path, this.#route.boundary) : found;
    }
    const checkedAt = performance.now();
    const look = { checkedAt, found: this.#look(url, path, checkedAt) };
    this.#looks.set(url, look);
    try {
      return await look.found;
    } finally {
      if (this.#looks.get(url) === look) this.#looks.delete(url);
    }
  }

  represent(opened: OpenFile, content: Uint8Array | OpenFile): Representation {
    return represent(opened, content, {
      ...this.#options,
      contentType: this.#route.contentType(opened.path),
    });
  }

  /** Opens again, for what counts is where the path leads now; reads again only a new version. */
  async #look(url: string, path: FilePath, checkedAt: number): Promise<Found> {
    const known = this.#kept.get(url)?.file;
    const lookup = await openFile(path, this.#route.boundary);
    if (lookup.kind === 'file' && known !== undefined && isVersion(known, lookup.file)) {
      lookup.file.close();
      return this.#keep(known, checkedAt);
    }
    if (known !== undefined) this.#cache.drop(known);
    if (lookup.kind !== 'file' || !this.#cache.accepts(lookup.file)) return lookup;
    return (await this.#load(url, lookup.file, checkedAt)) ?? lookup;
  }

  /** @returns undefined when the file changed while it was read; it stays open then */
  async #load(url: string, opened: OpenFile, checkedAt: number): Promise<Kept | undefined> {
    try {
      const bytes = await readWhole(opened);
      if (bytes === undefined) return undefined;
      const { size, mtimeMs, ctimeMs, ino } = opened;
      const file: KeptFile = {
        version: { size, mtimeMs, ctimeMs, ino },
        url,
        aliases: new Set(),
        representation: this.represent(opened, bytes),
        forget: () => this.#forget(file),
      };
      opened.close();
      return this.#keep(file, checkedAt);
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  #keep(file: KeptFile, checkedAt: number): Kept {
    const kept: Kept = { kind: 'kept', file, checkedAt };
    this.#cache.keep(file);
    this.#kept.set(file.url, kept);
    return kept;
  }

  #forget(file: KeptFile): void {
    for (const url of [file.url, ...file.aliases]) {
      if (this.#kept.get(url)?.file === file) this.#kept.delete(url);
    }
  }
}
