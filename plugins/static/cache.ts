import {
  type Argument,
  ArgumentError,
  type Closable,
  type Directive,
  directive,
  type FileVersion,
  HotCache,
  isSettled,
  readDuration,
  readSize,
} from '@webserv/server';
import { LRUCache } from 'lru-cache';
import { OpenFiles } from './open-files.js';
import type { Representation } from './representation.js';
import { HotSlices } from './slices.js';

/** Value of `file_cache`. */
export interface CacheOptions {
  /** Total bytes of cached files; 0 disables the cache. */
  readonly size: number;
  /** Milliseconds after which a cached file is compared with the file system again. */
  readonly valid: number;
}

const MAX_FILE = 1024 * 1024;
const MIN_CACHE = 64 * 1024;
const MAX_VALID = 1000;
/** Estimated bytes of an entry besides the content: header fields, name, place in the tables. */
const ENTRY_OVERHEAD = 1024;
/**
 * Number of requests for a path within `valid` before its absence is cached. A client that checks, uploads through
 * another process and checks again stays below it.
 */
const ABSENT_THRESHOLD = 20;
const MAX_ABSENT = 1000;

function validity(word: Argument): number {
  const valid = word.text.startsWith('valid=') ? readDuration(word.text.slice('valid='.length)) : undefined;
  if (valid === undefined) {
    throw new ArgumentError(`expected valid=TIME, got "${word.text}"`, {
      argument: word,
      hint: 'write "file_cache 32m valid=500ms;"',
    });
  }
  if (valid > MAX_VALID) {
    throw new ArgumentError(`expected valid= of at most 1s, got "${word.text}"`, {
      argument: word,
    });
  }
  return valid;
}

export const fileCacheDirective: Directive<CacheOptions> = directive<CacheOptions, CacheOptions>({
  in: ['main'],
  default: { size: 32 * 1024 * 1024, valid: MAX_VALID },
  writtenDefault: '32m',
  usage: 'SIZE [valid=TIME] | off',
  arguments: [1, 2],
  help: 'caches frequently requested files in memory, up to SIZE in total; each is compared with the file system every TIME, at most 1s',
  example: 'file_cache 64m valid=500ms;',
  parse({ arguments: [first, second] }) {
    if (first === undefined) throw new ArgumentError('expected a size, or "off"');
    if (first.text === 'off' && second === undefined) return { size: 0, valid: 0 };
    const size = readSize(first.text);
    if (size === undefined || size < MIN_CACHE) {
      throw new ArgumentError(`expected a size of at least 64k, or "off", got "${first.text}"`, {
        argument: first,
      });
    }
    return { size, valid: second === undefined ? MAX_VALID : validity(second) };
  },
  combine: (values, outer) => values.at(-1) ?? outer,
});

/** The content of a file in memory, with the responses built from it. */
export interface KeptFile {
  /** Its URL within the route. */
  readonly url: string;
  /** URLs of directories for which it is the index file. */
  readonly aliases: Set<string>;
  readonly version: FileVersion;
  readonly representation: Representation;
  /** Called when the cache evicts it. */
  readonly forget: () => void;
  /** Number of exchanges sending it. Maintained by the cache. */
  readers: number;
  /** Whether the cache has evicted it. */
  dropped: boolean;
}

/** Files up to this many bytes are not counted while they are sent: a socket accepts them whole. */
const UNCOUNTED = 64 * 1024;

/** LRU cache of the files of all routes. Each route keeps its own index from URLs to files. */
export class FileCache {
  readonly #maxFile: number;
  readonly #valid: number;
  readonly #files: LRUCache<KeptFile, number>;
  /** Large files that are requested at the moment. */
  readonly open = new OpenFiles();
  /** Absent paths that are requested again and again. */
  readonly absent: HotCache<true>;
  /** Ranges of large files that many clients request at the moment. */
  readonly slices: HotSlices;
  readonly #holdsOpen: boolean;
  readonly #size: number;
  /** Bytes of evicted files that clients are still receiving. */
  #beingSent = 0;
  #changedAt = Number.NEGATIVE_INFINITY;

  constructor({ size, valid }: CacheOptions) {
    this.#valid = valid;
    this.#size = size;
    this.#holdsOpen = size > 0 && valid > 0;
    this.absent = new HotCache({ validMs: valid, threshold: ABSENT_THRESHOLD, maxKeys: MAX_ABSENT });
    this.slices = new HotSlices(Math.max(valid, 1));
    this.#maxFile = size === 0 ? -1 : Math.min(MAX_FILE, size / 8);
    this.#files = new LRUCache<KeptFile, number>({
      maxSize: Math.max(size, 1),
      sizeCalculation: (bytes) => bytes + ENTRY_OVERHEAD,
      dispose: (bytes, file) => {
        file.dropped = true;
        if (file.readers > 0) this.#beingSent += bytes;
        file.forget();
      },
    });
  }

  /**
   * Whether a file may be cached. One just uploaded, replaced or deleted is not, so that clients never see a stale version.
   * While slow clients hold as many bytes of evicted files as the cache may have, further files are read piece by piece as
   * they are sent.
   */
  accepts(version: FileVersion): boolean {
    if (this.#beingSent >= this.#size) return false;
    return version.size <= this.#maxFile && isSettled(version.ctimeMs);
  }

  /**
   * Whether a file too large for the cache may be held open. One that just changed may still grow, so each request
   * opens it.
   */
  holds(version: FileVersion): boolean {
    return this.#holdsOpen && version.size > this.#maxFile && isSettled(version.ctimeMs);
  }

  /** Adds a file or, after a validation, marks it as most recently used. Cache hits do not pass through here. */
  keep(file: KeptFile): void {
    // Evicted while its version was compared with the file system.
    if (file.dropped && file.readers > 0) this.#beingSent -= file.version.size;
    file.dropped = false;
    this.#files.set(file, file.version.size);
  }

  /** Counts a file's memory until its response is sent. @returns undefined for a small file */
  pin(file: KeptFile): Closable | undefined {
    const { size } = file.version;
    if (size <= UNCOUNTED) return undefined;
    if (file.dropped && file.readers === 0) this.#beingSent += size;
    file.readers += 1;
    let held = true;
    return {
      close: () => {
        if (!held) return;
        held = false;
        file.readers -= 1;
        if (file.dropped && file.readers === 0) this.#beingSent -= size;
      },
    };
  }

  drop(file: KeptFile): void {
    this.#files.delete(file);
  }

  /** @param checkedAt when the comparison with the file system began, by `performance.now()` */
  isFresh(checkedAt: number): boolean {
    return checkedAt > this.#changedAt && performance.now() - checkedAt < this.#valid;
  }

  /** Invalidates every earlier comparison: files may have changed. */
  expire(): void {
    this.#changedAt = performance.now();
    this.absent.expire();
    this.slices.expire();
  }

  dispose(): void {
    this.#files.clear();
    this.open.dispose();
    this.slices.expire();
  }
}
