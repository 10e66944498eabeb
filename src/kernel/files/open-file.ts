import { close, constants, fstat, open, read, readlink, type Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errorCode } from '../diagnostics/error-code.js';
import { bytesOfName } from '../path/path-segment.js';
import { type FilePath, isUnder, isVisible } from '../path/url-path.js';
import { hasDescriptorPaths, OpenDirectory } from './open-directory.js';
import { fileBuffer } from './read-buffer.js';

const openAsync = promisify(open);
const fstatAsync = promisify(fstat);
const readlinkAsync = promisify(readlink);
const closeAsync = promisify(close);

/**
 * The limits of a lookup: nothing outside `directory` can be opened, not even by symbolic links unless they are
 * followed.
 */
export interface Boundary {
  /** Absolute. May itself be a symbolic link. */
  readonly directory: string;
  /** Whether symbolic links below `directory` are followed, also to files outside of it. */
  readonly followSymlinks: boolean;
  /** Whether names below `directory` that start with a dot can be opened; otherwise they count as absent. */
  readonly hiddenFiles?: boolean;
}

/** A resource that must be closed. */
export interface Closable {
  /** Releases what it holds. */
  close(): void;
}

/** Identifies one version of a file's contents, as far as the file system can tell versions apart. */
export interface FileVersion {
  /** Bytes. */
  readonly size: number;
  /** When the bytes changed last, in milliseconds since 1970, with fractions. */
  readonly mtimeMs: number;
  /** When the bytes, the name or the permissions changed last, in the same unit. Programs cannot set it back. */
  readonly ctimeMs: number;
  /** The number of the file in its file system. */
  readonly ino: number;
}

/**
 * An open regular file. The caller that opened it closes it; a file opened through an exchange closes with the
 * exchange.
 */
export class OpenFile implements FileVersion {
  /** Absolute, as it was opened. */
  readonly path: string;
  /** Size in bytes when it was opened. */
  readonly size: number;
  /** As `FileVersion.mtimeMs`. */
  readonly mtimeMs: number;
  /** As `FileVersion.ctimeMs`. */
  readonly ctimeMs: number;
  /** As `FileVersion.ino`. */
  readonly ino: number;
  readonly #descriptor: number;
  /** Reads in progress plus holders that need it open. */
  #users = 0;
  #closing = false;
  #closed = false;

  constructor(path: string, descriptor: number, stats: Stats) {
    this.path = path;
    this.#descriptor = descriptor;
    this.size = stats.size;
    this.mtimeMs = stats.mtimeMs;
    this.ctimeMs = stats.ctimeMs;
    this.ino = stats.ino;
  }

  /**
   * Fills `buffer` from its start with the bytes at `position`.
   * @returns the number of bytes read; 0 at the end of the file.
   */
  read(buffer: Uint8Array, length: number, position: number): Promise<number> {
    if (this.#closed) return Promise.reject(new Error(`${this.path} is closed`));
    this.#users += 1;
    return new Promise((resolve, reject) => {
      read(this.#descriptor, buffer, 0, length, position, (error, bytesRead) => {
        this.#users -= 1;
        this.#closeWhenIdle();
        if (error) reject(error);
        else resolve(bytesRead);
      });
    });
  }

  /**
   * Reads bytes `start` up to but not including `end` into memory of their own.
   * @returns undefined if the file has become shorter in the meantime
   */
  async bytes(start: number, end: number): Promise<Uint8Array | undefined> {
    const bytes = fileBuffer(end - start);
    let filled = 0;
    while (filled < bytes.length) {
      const count = await this.read(bytes.subarray(filled), bytes.length - filled, start + filled);
      if (count === 0) return undefined;
      filled += count;
    }
    return bytes;
  }

  /**
   * Keeps the file open, even if another caller closes it, until the returned handle is closed. @throws Error if it is
   * already closed
   */
  hold(): Closable {
    if (this.#closed) throw new Error(`${this.path} is closed`);
    this.#users += 1;
    let isReleased = false;
    return {
      close: () => {
        if (!isReleased) this.#users -= 1;
        isReleased = true;
        this.#closeWhenIdle();
      },
    };
  }

  /**
   * Closes the file once the reads in progress have ended: the next open reuses the descriptor's number immediately.
   */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    if (this.#closing && this.#users === 0 && !this.#closed) {
      this.#closed = true;
      close(this.#descriptor, () => {});
    }
  }
}

/**
 * The result of looking up a path. `forbidden`: outside the boundary, or not readable; `special`: neither file nor
 * directory.
 */
export type Lookup =
  | { readonly kind: 'file'; readonly file: OpenFile }
  | { readonly kind: 'directory' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'forbidden' }
  | { readonly kind: 'special' };

/** Result of `openDirectory`. `absent` also for a file; `forbidden`: outside the boundary, or not readable. */
export type DirectoryLookup =
  | { readonly kind: 'directory'; readonly directory: OpenDirectory }
  | { readonly kind: 'absent' }
  | { readonly kind: 'forbidden' };

const absent = { kind: 'absent' } as const;
const forbidden = { kind: 'forbidden' } as const;

/** Error codes that all mean to a client: no file has this name. */
const ABSENT_CODES = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL']);
/** ELOOP: too many links, or a link where links are not followed. */
const FORBIDDEN_CODES = new Set(['EACCES', 'EPERM', 'ELOOP']);

/** Maps expected errors to the result of a lookup; any other error (EMFILE, EIO) is thrown again. */
function refusal(error: unknown): typeof absent | typeof forbidden {
  const code = errorCode(error);
  if (ABSENT_CODES.has(code)) return absent;
  if (FORBIDDEN_CODES.has(code)) return forbidden;
  throw error;
}

function isHidden(path: string, { directory, hiddenFiles = false }: Boundary): boolean {
  if (directory === '/') return !isVisible(path, 0, hiddenFiles);
  return isUnder(path, directory) && !isVisible(path.slice(directory.length), 0, hiddenFiles);
}

/** Supports names of any bytes: Node would write a lone surrogate as U+FFFD. */
function systemPath(path: string): string | Buffer {
  return path.isWellFormed() ? path : bytesOfName(path);
}

/**
 * The real path, one character per byte: as UTF-8, all invalid bytes would become U+FFFD and different directories look
 * the same.
 */
async function realPath(path: string): Promise<string> {
  return (await realpath(systemPath(path), 'buffer')).toString('latin1');
}

async function truePath(descriptor: number, path: string, stats: Stats): Promise<string | undefined> {
  if (hasDescriptorPaths) return readlinkAsync(`/proc/self/fd/${descriptor}`, 'latin1');
  const real = await realPath(path);
  const there = await stat(Buffer.from(real, 'latin1'));
  return there.ino === stats.ino && there.dev === stats.dev ? real : undefined;
}

async function isInside(
  descriptor: number,
  path: string,
  stats: Stats,
  boundary: Boundary,
): Promise<boolean> {
  if (boundary.followSymlinks) return true;
  const real = await truePath(descriptor, path, stats);
  return real !== undefined && isUnder(real, await realPath(boundary.directory));
}

/**
 * Opens the regular file at `path` for reading. The boundary is checked on the open file, not on its name, so a link
 * swapped between two system calls cannot lead outside. A fifo or device is never opened.
 * @throws the system's error if it is not a result for the client: EMFILE, ENFILE, EIO …
 */
export async function openFile(path: FilePath, boundary: Boundary): Promise<Lookup> {
  if (isHidden(path, boundary)) return absent;
  let descriptor: number | undefined;
  try {
    const name = systemPath(path);
    const before = await stat(name);
    if (before.isDirectory()) return { kind: 'directory' };
    if (!before.isFile() || path.endsWith('/')) return before.isFile() ? absent : { kind: 'special' };
    // O_NONBLOCK: a fifo created there since stat() must not block a thread of the pool.
    descriptor = await openAsync(name, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stats = await fstatAsync(descriptor);
    if (!stats.isFile()) return { kind: 'special' };
    if (!(await isInside(descriptor, path, stats, boundary))) return forbidden;
    const file = new OpenFile(path, descriptor, stats);
    descriptor = undefined; // owned by the OpenFile from here
    return { kind: 'file', file };
  } catch (error) {
    return refusal(error);
  } finally {
    if (descriptor !== undefined) await closeAsync(descriptor);
  }
}

/** Whether `path` is a directory. False if it is absent or may not be read. @throws EMFILE, EIO … */
export async function isDirectory(path: FilePath): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    refusal(error);
    return false;
  }
}

/**
 * Opens a directory within the boundary.
 * @throws the system's error if it is not a result for the client: EMFILE, ENFILE, EIO …
 */
export async function openDirectory(path: FilePath, boundary: Boundary): Promise<DirectoryLookup> {
  if (isHidden(path, boundary)) return absent;
  let descriptor: number | undefined;
  try {
    descriptor = await openAsync(
      systemPath(path),
      constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOCTTY,
    );
    const stats = await fstatAsync(descriptor);
    if (!(await isInside(descriptor, path, stats, boundary))) return forbidden;
    const directory = new OpenDirectory(path, descriptor);
    descriptor = undefined;
    return { kind: 'directory', directory };
  } catch (error) {
    return refusal(error);
  } finally {
    if (descriptor !== undefined) await closeAsync(descriptor);
  }
}
