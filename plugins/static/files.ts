import {
  type Closable,
  type DecodedPath,
  type FilePath,
  type FileVersion,
  type Lookup,
  type OpenFile,
  openFile,
  type Response,
  type RouteView,
} from '@webserv/server';
import type { FileCache, KeptFile } from './cache.js';
import { type Representation, type RepresentationOptions, represent } from './representation.js';

/** Result of looking up a URL's path. The caller closes an open file; a held one it must `hold`. */
export type Found = Kept | Held | Lookup;

/** A large file shared by several readers. */
export interface Held {
  readonly kind: 'held';
  readonly file: OpenFile;
}

/** A cached file under the URL it was found by. */
export interface Kept {
  readonly kind: 'kept';
  readonly file: KeptFile;
  /** When the last comparison with the file system began, by `performance.now()`. */
  readonly checkedAt: number;
}

function sameVersion(one: FileVersion, other: FileVersion): boolean {
  return (
    one.mtimeMs === other.mtimeMs &&
    one.ctimeMs === other.ctimeMs &&
    one.size === other.size &&
    one.ino === other.ino
  );
}

/** The files of one route, by URL, through the cache that all routes share. */
export class RouteFiles {
  readonly #route: RouteView;
  readonly #cache: FileCache;
  readonly #options: Omit<RepresentationOptions, 'contentType' | 'fields'>;
  readonly #kept = new Map<string, Kept>();
  /** Prefix of the keys of held files: routes share one only where their boundaries are the same. */
  readonly #heldBy: string;
  readonly #represented = new WeakMap<OpenFile, Representation>();
  readonly #looks = new Map<string, { readonly checkedAt: number; readonly found: Promise<Found> }>();

  constructor(
    route: RouteView,
    cache: FileCache,
    options: Omit<RepresentationOptions, 'contentType' | 'fields'>,
  ) {
    this.#route = route;
    this.#cache = cache;
    this.#options = options;
    const { directory, followSymlinks } = route.boundary;
    this.#heldBy = `${followSymlinks}:${directory}\0`;
  }

  /** Returns the file cached for a URL if it was compared with the file system recently. No I/O. */
  fresh(url: string): Kept | undefined {
    const kept = this.#kept.get(url);
    return kept !== undefined && this.#cache.isFresh(kept.checkedAt) ? kept : undefined;
  }

  /** Returns the large file held open for a path if it was compared with the file system recently. No I/O. */
  held(path: FilePath): OpenFile | undefined {
    if (this.#cache.open.empty) return undefined;
    const held = this.#cache.open.get(this.#heldBy + path);
    return held !== undefined && this.#cache.isFresh(held.checkedAt) ? held.file : undefined;
  }

  /** Serves a directory's URL from its index file until that has to be compared again. */
  alias(url: string, index: Kept): void {
    // The cache may have evicted it since it was found.
    if (this.#kept.get(index.file.url)?.file !== index.file) return;
    index.file.aliases.add(url);
    this.#kept.set(url, index);
  }

  /**
   * Looks up a URL's path, comparing with the file system unless that was done recently. Concurrent requests share one
   * lookup.
   * @throws the system's error where no response to the client is defined: EMFILE, EIO …
   */
  async find(url: DecodedPath, path: FilePath): Promise<Found> {
    const fresh = this.fresh(url);
    if (fresh !== undefined) return fresh;
    const held = this.held(path);
    if (held !== undefined) return { kind: 'held', file: held };
    if (this.#cache.absent.get(path)) return { kind: 'absent' };
    const underWay = this.#looks.get(url);
    if (underWay !== undefined && this.#cache.isFresh(underWay.checkedAt)) {
      const found = await underWay.found;
      // An open file has one owner: the request that opened it.
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

  /** Counts a kept file's memory until its response is sent. */
  pin(file: KeptFile): Closable | undefined {
    return this.#cache.pin(file);
  }

  /** Returns the same response from memory when many clients request this range of a held file. */
  recallSlice(representation: Representation, response: Response): Response {
    return this.#cache.slices.recall(representation, response);
  }

  /** Returns the representation of a held file, shared by all its readers. */
  representHeld(file: OpenFile): Representation {
    const known = this.#represented.get(file) ?? this.represent(file, file);
    this.#represented.set(file, known);
    return known;
  }

  represent(opened: OpenFile, content: Uint8Array | OpenFile): Representation {
    const byName = this.#route.contentType(opened.path);
    const { contentType, fields } = this.#route.offers('fileFields')?.(opened.path, byName) ?? {
      contentType: byName,
      fields: {},
    };
    return represent(opened, content, { ...this.#options, contentType, fields });
  }

  /** Opens again, because the path may lead elsewhere now, but reads only a new version. */
  async #look(url: string, path: FilePath, checkedAt: number): Promise<Found> {
    const known = this.#kept.get(url)?.file;
    const lookup = await openFile(path, this.#route.boundary);
    if (lookup.kind === 'absent') this.#cache.absent.set(path, true, checkedAt);
    if (lookup.kind === 'file' && known !== undefined && sameVersion(known.version, lookup.file)) {
      lookup.file.close();
      return this.#keep(known, checkedAt);
    }
    if (known !== undefined) this.#cache.drop(known);
    if (lookup.kind !== 'file') return this.#notHeld(path, lookup);
    if (this.#cache.holds(lookup.file)) return this.#hold(path, lookup.file, checkedAt);
    if (!this.#cache.accepts(lookup.file)) return this.#notHeld(path, lookup);
    return (await this.#load(url, lookup.file, checkedAt)) ?? lookup;
  }

  /** @returns undefined when the file changed while it was read; it then stays open */
  async #load(url: string, opened: OpenFile, checkedAt: number): Promise<Kept | undefined> {
    try {
      const bytes = await opened.bytes(0, opened.size);
      if (bytes === undefined) return undefined;
      const { size, mtimeMs, ctimeMs, ino } = opened;
      const file: KeptFile = {
        version: { size, mtimeMs, ctimeMs, ino },
        url,
        aliases: new Set(),
        representation: this.represent(opened, bytes),
        forget: () => this.#forget(file),
        readers: 0,
        dropped: false,
      };
      opened.close();
      return this.#keep(file, checkedAt);
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  #notHeld(path: FilePath, lookup: Lookup): Lookup {
    this.#cache.open.drop(this.#heldBy + path);
    return lookup;
  }

  /** The same version keeps its open descriptor, for present and later readers. */
  #hold(path: FilePath, opened: OpenFile, checkedAt: number): Held {
    const key = this.#heldBy + path;
    const before = this.#cache.open.get(key)?.file;
    const same = before !== undefined && sameVersion(before, opened);
    if (same) opened.close();
    return { kind: 'held', file: this.#cache.open.hold(key, same ? before : opened, checkedAt).file };
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
