import type { Stats } from 'node:fs';
import { lstat, realpath, stat } from 'node:fs/promises';
import { type Boundary, isUnder, isVisible, type OpenDirectory } from '@webserv/server';
import { Slice } from './slice.js';
import { FirstInOrder } from './sort.js';

export interface Entry {
  readonly name: string;
  readonly kind: 'directory' | 'file';
  /** Bytes; a directory's says nothing. */
  readonly size: number;
  /** Milliseconds since 1970; may be beyond what a Date holds. */
  readonly modified: number;
}

export interface Listing {
  /** Directories first, then by name. */
  readonly entries: readonly Entry[];
  /** False when the directory holds more than is listed: these are the first then, in this order. */
  readonly complete: boolean;
}

export interface ListingOptions {
  /** Aborted when nobody waits for the listing any more. */
  readonly signal: AbortSignal;
  /** Entries listed at most. */
  readonly limit?: number;
}

/** A page much longer than this is of no use to a person, and its memory and sorting time are everybody's. */
export const MAX_ENTRIES = 50_000;
/** System calls under way at once for one listing: 1,000 files took 65 ms with 1, 7 ms with 16, 6 ms with 64. */
const LANES = 16;
/** Links whose targets are looked at together while the directory is read. */
const BATCH = 1024;

/** Left out of a listing, not faults: gone meanwhile, a link to nothing or in a circle, a name that is not UTF-8. */
const LEFT_OUT = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES', 'EPERM']);

type Named = Pick<Entry, 'name' | 'kind'>;

/** Made with the first listing: it takes as long as a server's start may take for a plugin. */
let collator: Intl.Collator | undefined;

function order(): (one: Named, other: Named) => number {
  // Not the machine's language: a directory is in the same order wherever it is served.
  collator ??= new Intl.Collator('en', { numeric: true });
  const { compare } = collator;
  return (one, other) => {
    if (one.kind !== other.kind) return one.kind === 'directory' ? -1 : 1;
    return compare(one.name, other.name) || (one.name < other.name ? -1 : 1);
  };
}

/** Hidden names are 404. `/.well-known` is for programs, not for a list. */
function isListed(name: string, { hiddenFiles = false }: Boundary): boolean {
  return isVisible(`./${name}`, 0, hiddenFiles);
}

function isLeftOut(error: unknown): boolean {
  return error instanceof Error && 'code' in error && LEFT_OUT.has(String(error.code));
}

/** Looks at a directory's entries, some at a time. */
class Inspector {
  readonly #directory: OpenDirectory;
  readonly #boundary: Boundary;
  readonly #signal: AbortSignal;
  /** What links must not leave; looked up with the first link. */
  #top: Promise<string> | undefined;

  constructor(directory: OpenDirectory, boundary: Boundary, signal: AbortSignal) {
    this.#directory = directory;
    this.#boundary = boundary;
    this.#signal = signal;
  }

  /** In the order of the names, without those that are left out. */
  async inspectAll(names: readonly string[]): Promise<Entry[]> {
    const found = new Array<Entry | undefined>(names.length);
    const queue = names.entries();
    const lane = async (): Promise<void> => {
      for (const [index, name] of queue) {
        this.#signal.throwIfAborted();
        found[index] = await this.#inspect(name);
      }
    };
    // Settled, not all: the directory is closed by the caller only when no lane works in it any more.
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

  /** What a link leads to, if that may be served. */
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
 * What a directory shows: the files and directories that a client can ask for. Special files, and links that lead outside
 * the boundary, are left out. Long work is done in slices.
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
