import { close, type Dirent, fstat, fsync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errorCode } from '../diagnostics/error-code.js';

const fstatAsync = promisify(fstat);
const closeAsync = promisify(close);
const fsyncAsync = promisify(fsync);

/** Error codes of fsync(2) for a directory on a file system that cannot sync one: some of FUSE, SMB. */
const WITHOUT_SYNC: ReadonlySet<string> = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EBADF']);

/** Linux reports the true path of an open descriptor; elsewhere the path's device and inode are compared instead. */
export const hasDescriptorPaths = process.platform === 'linux';

/** A directory entry. */
export interface DirectoryEntry {
  /** A single segment. A byte that is not UTF-8 is a lone surrogate, as in `request.segments`. */
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
 * An open directory. Operations on its entries act on this very directory, even if its path is replaced by a link in
 * the meantime. Close it when done.
 */
export class OpenDirectory {
  /** Absolute, as it was opened. */
  readonly path: string;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  /** A path to the entry `name` for node:fs. @throws Error if the name is not a single segment of well-formed text */
  entry(name: string): string {
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name) || !name.isWellFormed()) {
      throw new Error(`not a file name: ${JSON.stringify(name)}`);
    }
    return `${this.#handle()}/${name}`;
  }

  /** The entries in the directory's own order, with the kind that the directory reports. */
  async *entries(): AsyncGenerator<DirectoryEntry> {
    for await (const entry of await opendir(this.#handle(), { bufferSize: 1024 })) {
      yield { name: entry.name, kind: kindOf(entry) };
    }
  }

  /** Identifies the directory, by whichever path it was opened. */
  async identity(): Promise<string> {
    const { dev, ino } = await fstatAsync(this.#descriptor);
    return `${dev}:${ino}`;
  }

  /** Flushes changes to its entries (created, renamed, removed) to disk. Does nothing where that is not possible. */
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
