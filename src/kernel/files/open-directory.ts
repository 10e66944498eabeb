import { close, type Dirent, fstat, fsync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { promisify } from 'node:util';

const fstatAsync = promisify(fstat);
const closeAsync = promisify(close);
const fsyncAsync = promisify(fsync);

/** What fsync(2) of a directory fails with where it cannot be synchronized by itself: some of FUSE, SMB. */
const WITHOUT_SYNC: ReadonlySet<string> = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EBADF']);

/** Linux tells an open descriptor's true path; elsewhere the path's identity is compared instead. */
export const hasDescriptorPaths = process.platform === 'linux';

/** The system's name for what went wrong; empty where there is none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** A name in a directory. */
export interface DirectoryEntry {
  /** One segment. A byte that is not UTF-8 is a lone surrogate, as in `request.segments`. */
  readonly name: string;
  /** The entry itself: of a symbolic link not its target. `special`: a socket, a pipe or a device. */
  readonly kind: 'file' | 'directory' | 'link' | 'special';
}

function kindOf(entry: Dirent): DirectoryEntry['kind'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : 'special';
}

/**
 * A directory held open, so that what is done to its entries happens in this very directory even when its path is
 * swapped for a link meanwhile. Close it when done.
 */
export class OpenDirectory {
  /** Absolute, as it was opened. */
  readonly path: string;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  /** A path for node:fs to the entry `name`. @throws Error for what is no single segment, or no text. */
  entry(name: string): string {
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name) || !name.isWellFormed()) {
      throw new Error(`not a file name: ${JSON.stringify(name)}`);
    }
    return `${this.#handle()}/${name}`;
  }

  /** The entries in the directory's own order, with what the directory tells of their kind. */
  async *entries(): AsyncGenerator<DirectoryEntry> {
    for await (const entry of await opendir(this.#handle(), { bufferSize: 1024 })) {
      yield { name: entry.name, kind: kindOf(entry) };
    }
  }

  /** The same for the same directory, by whatever path it was opened. */
  async identity(): Promise<string> {
    const { dev, ino } = await fstatAsync(this.#descriptor);
    return `${dev}:${ino}`;
  }

  /** Forces its entries to the disk: names given, replaced and removed before. Nothing where that cannot be done. */
  async sync(): Promise<void> {
    try {
      await fsyncAsync(this.#descriptor);
    } catch (error) {
      if (!WITHOUT_SYNC.has(errorCode(error))) throw error;
    }
  }

  /** Closes the descriptor. Paths of `entry` are not valid afterwards. */
  close(): Promise<void> {
    return closeAsync(this.#descriptor);
  }

  #handle(): string {
    return hasDescriptorPaths ? `/proc/self/fd/${this.#descriptor}` : this.path;
  }
}
