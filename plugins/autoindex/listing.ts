import type { Stats } from 'node:fs';
import { lstat, realpath, stat } from 'node:fs/promises';
import { type Boundary, errorCode, isUnder, isVisible, type OpenDirectory } from '@webserv/server';
import { Slice } from './slice.js';
import { FirstInOrder } from './sort.js';

export interface Entry {
  readonly name: string;
  readonly kind: 'directory' | 'file';
  /** Bytes; meaningless for a directory. */
  readonly size: number;
  /** Milliseconds since 1970; may be outside the range of a Date. */
  readonly modified: number;
}

export interface Listing {
  /** Directories first, then by name. */
  readonly entries: readonly Entry[];
  /** False when the directory holds more entries than are listed; `entries` then holds the first ones in this order. */
  readonly complete: boolean;
}

export interface ListingOptions {
  /** Aborted when no request waits for the listing any more. */
  readonly signal: AbortSignal;
  /** Maximum number of entries. */
  readonly limit?: number;
}

/**
 * Maximum number of entries: longer pages are of no use to a reader, and all requests pay for their memory and sorting.
 */
export const MAX_ENTRIES = 50_000;
/** Concurrent system calls per listing: 1,000 files took 65 ms with 1, 7 ms with 16, 6 ms with 64. */
const LANES = 16;
/** Number of symbolic links to inspect together while the directory is read. */
const BATCH = 1024;

/**
 * Error codes of entries that are left out of a listing: removed meanwhile, dangling or circular links, names that are
 * not UTF-8, targets that may not be read.
 */
const LEFT_OUT = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES', 'EPERM']);

type Named = Pick<Entry, 'name' | 'kind'>;

/** Created with the first listing: creating it takes as long as the whole start of a plugin may take. */
let collator: Intl.Collator | undefined;

function order(): (one: Named, other: Named) => number {
  // A fixed locale, so that the order does not depend on the machine.
  collator ??= new Intl.Collator('en', { numeric: true });
  const { compare } = collator;
  return (one, other) => {
    if (one.kind !== other.kind) return one.kind === 'directory' ? -1 : 1;
    return compare(one.name, other.name) || (one.name < other.name ? -1 : 1);
  };
}

/** Leaves out hidden names, which are 404. `/.well-known` is left out too: it is for programs. */
function isListed(name: string, { hiddenFiles = false }: Boundary): boolean {
  return isVisible(`./${name}`, 0, hiddenFiles);
}

function isLeftOut(error: unknown): boolean {
  return LEFT_OUT.has(errorCode(error));
}

/** Reads the type, size and date of a directory's entries, a few at a time. */
class Inspector {
  readonly #directory: OpenDirectory;
  readonly #boundary: Boundary;
  readonly #signal: AbortSignal;
  /** Real path of the boundary, which links must not leave; resolved with the first link. */
  #top: Promise<string> | undefined;

  constructor(directory: OpenDirectory, boundary: Boundary, signal: AbortSignal) {
    this.#directory = directory;
    this.#boundary = boundary;
    this.#signal = signal;
  }

  /** Keeps the order of the names and skips entries that are left out. */
  async inspectAll(names: readonly string[]): Promise<Entry[]> {
    const found = new Array<Entry | undefined>(names.length);
    const queue = names.entries();
    const lane = async (): Promise<void> => {
      for (const [index, name] of queue) {
        this.#signal.throwIfAborted();
        found[index] = await this.#inspect(name);
      }
    };
    // allSettled, not all: the caller closes the directory, so no lane may still be using it.
    const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane));
    for (const outcome of lanes) if (outcome.status === 'rejected') throw outcome.reason;
    return found.filter((entry) => entry !== undefined);
  }

  async #inspect(name: string): Promise<Entry | undefined> {
    try {
      const path = this.#directory.entry(name);
      const own = await lstat(path);
      const stats = own.isSymbolicLink() ? await this.#follow(path) : own;
      if (stats === undefined || !(stats.isDirectory() || stats.isFile())) return undefined;
      const kind = stats.isDirectory() ? 'directory' : 'file';
      return { name, kind, size: stats.size, modified: stats.mtimeMs };
    } catch (error) {
      if (isLeftOut(error)) return undefined;
      throw error;
    }
  }

  /** Resolves a link; undefined when its target is outside the boundary. */
  async #follow(path: string): Promise<Stats | undefined> {
    const target = await realpath(path);
    if (!this.#boundary.followSymlinks) {
      this.#top ??= realpath(this.#boundary.directory);
      if (!isUnder(target, await this.#top)) return undefined;
    }
    return stat(target);
  }
}

/**
 * Reads the files and directories that a client can request. Special files and links that lead outside the boundary are
 * left out. Yields to the event loop now and then.
 * @throws the signal's reason when it is aborted
 */
export async function readListing(
  directory: OpenDirectory,
  boundary: Boundary,
  { signal, limit = MAX_ENTRIES }: ListingOptions,
): Promise<Listing> {
  const slice = new Slice(signal);
  const inspector = new Inspector(directory, boundary, signal);
  const first = new FirstInOrder<Named>(limit, order(), slice);
  const links: string[] = [];
  const addLinks = async (): Promise<void> => {
    for (const { name, kind } of await inspector.inspectAll(links.splice(0))) await first.add({ name, kind });
  };
  for await (const { name, kind } of directory.entries()) {
    if (slice.spent) await slice.next();
    if (kind === 'special' || !isListed(name, boundary)) continue;
    if (kind !== 'link') await first.add({ name, kind });
    else if (links.push(name) >= BATCH) await addLinks();
  }
  await addLinks();
  const { items, complete } = await first.result();
  return { entries: await inspector.inspectAll(items.map(({ name }) => name)), complete };
}
