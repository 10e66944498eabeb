import {
  type Argument,
  ArgumentError,
  type Closable,
  type Directive,
  directive,
  type FileVersion,
  HotCache,
  readDuration,
  readSize,
} from '@webserv/server';
import { LRUCache } from 'lru-cache';
import { OpenFiles } from './open-files.js';
import type { Representation } from './representation.js';
import { HotSlices } from './slices.js';

/** What `file_cache` says. */
export interface CacheOptions {
  /** Bytes of all kept files; 0 keeps none. */
  readonly size: number;
  /** Milliseconds after which a kept file is compared with the file system again. */
  readonly valid: number;
}

const MAX_FILE = 1024 * 1024;
const MIN_CACHE = 64 * 1024;
const MAX_VALID = 1000;
/** What an entry takes beside the file's bytes: its header fields, its name, its place in the tables. */
const ENTRY_OVERHEAD = 1024;
/**
 * A file that changed less than this before it is read is not kept: it could change again without a difference to
 * see, in the same tick of the file system's clock, which is a whole second on some; and a file just uploaded,
 * replaced and deleted is never seen as it was.
 */
const SETTLED_AFTER = 1000;
/**
 * So often a path has to be asked for within `valid` before it is remembered that nothing is there. Who looks, uploads
 * through another process and looks again does not ask that often.
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
    throw new ArgumentError(`a kept file is validated at least once a second, got "${word.text}"`, {
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
  help: 'keeps hot files in memory, up to SIZE in all; each is compared with the file system once every TIME, 1s at most',
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

/** A file's content in memory, with the answers made of it. */
export interface KeptFile {
  /** The URL it stands under in its route. */
  readonly url: string;
  /** URLs of folders that are answered with it. */
  readonly aliases: Set<string>;
  readonly version: FileVersion;
  readonly representation: Representation;
  /** Called when the cache lets go of it. */
  readonly forget: () => void;
  /** Exchanges that send it. Counted by the cache. */
  readers: number;
  /** The cache has let go of it. */
  dropped: boolean;
}

/** Smaller files are not counted while they are sent: a socket takes them whole. */
const UNCOUNTED = 64 * 1024;

/** The memory of the kept files of all routes: the least used go first. Who keeps a file under which URL is the routes'. */
export class FileCache {
  readonly #maxFile: number;
  readonly #valid: number;
  readonly #files: LRUCache<KeptFile, number>;
  /** Large files that are asked for just now. */
  readonly open = new OpenFiles();
  /** Paths at which there is nothing, of those asked for again and again. */
  readonly absent: HotCache<true>;
  /** Parts of large files that many ask for just now. */
  readonly slices: HotSlices;
  readonly #holdsOpen: boolean;
  readonly #size: number;
  /** Bytes of dropped files that clients still take. */
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
   * Whether a file may be kept. Its ctime counts: unlike mtime nobody can set it. While slow clients take as much of dropped
   * files as may be kept, further files are read piece by piece as they are sent.
   */
  accepts(version: FileVersion): boolean {
    if (this.#beingSent >= this.#size) return false;
    return version.size <= this.#maxFile && Date.now() - version.ctimeMs >= SETTLED_AFTER;
  }

  /** Whether a file that is not kept may be held open. One just changed is opened anew: its end may still move. */
  holds(version: FileVersion): boolean {
    return this.#holdsOpen && version.size > this.#maxFile && Date.now() - version.ctimeMs >= SETTLED_AFTER;
  }

  /** Keeps a file, or keeps it longer: its turn to go comes last. A hit does not come by here, a validation does. */
  keep(file: KeptFile): void {
    // Dropped while its version was compared with the file system.
    if (file.dropped && file.readers > 0) this.#beingSent -= file.version.size;
    file.dropped = false;
    this.#files.set(file, file.version.size);
  }

  /** Counts a file's memory until its response is sent. @returns undefined for a small one */
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

  /** What was compared before now counts no more: files may have changed. */
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
