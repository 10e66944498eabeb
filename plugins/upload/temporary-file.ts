import type { Stats } from 'node:fs';
import { type FileHandle, link, lstat, lutimes, open, rename, unlink } from 'node:fs/promises';
import { errorCode, HttpError, type OpenDirectory } from '@webserv/server';
import type { SyncSlots } from './sync-slots.js';
import { giveBack, takeBuffer } from './write-buffers.js';

/** Errors of link(2) on file systems without hard links: exFAT, SMB, many FUSE file systems. */
const WITHOUT_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** `no-links`: the file system does not support a second name for a file. */
export type Claim = 'claimed' | 'taken' | 'no-links';

/**
 * A file that is being received, under a hidden name in its final directory. That is the same file system, so it gets
 * its name atomically. No other process sees it before it is complete.
 */
export class TemporaryFile {
  /** The temporary name. */
  readonly name: string;
  readonly #directory: OpenDirectory;
  readonly #path: string;
  readonly #handle: FileHandle;
  #buffer: Buffer | undefined;
  #used = 0;
  #size = 0;
  #mtimeMs = 0;
  /** True while the temporary name exists. */
  #hidden = true;
  #removed: Promise<void> | undefined;

  private constructor(directory: OpenDirectory, name: string, path: string, handle: FileHandle) {
    this.#directory = directory;
    this.#path = path;
    this.#handle = handle;
    this.name = name;
  }

  /** `wx` is O_CREAT|O_EXCL: it fails for a name that exists and follows no link. */
  static async create(directory: OpenDirectory, name: string): Promise<TemporaryFile> {
    const path = directory.entry(name);
    return new TemporaryFile(directory, name, path, await open(path, 'wx'));
  }

  /** Bytes received. */
  get size(): number {
    return this.#size;
  }

  /** Writes a piece; small ones are buffered. The caller may reuse its memory when the promise resolves. */
  async write(piece: Uint8Array): Promise<void> {
    this.#size += piece.length;
    for (let rest = piece; rest.length > 0; ) {
      if (this.#removed !== undefined) throw new HttpError(503, { reason: 'the server is stopping' });
      this.#buffer ??= takeBuffer();
      if (this.#used === 0 && rest.length >= this.#buffer.length) return this.#writeOut(rest);
      const taken = rest.subarray(0, this.#buffer.length - this.#used);
      this.#buffer.set(taken, this.#used);
      this.#used += taken.length;
      rest = rest.subarray(taken.length);
      if (this.#used === this.#buffer.length) await this.#flush();
    }
  }

  /**
   * Writes the buffered bytes.
   * @param slots sync the file to disk too
   * @returns the file's status afterwards
   */
  async complete(slots: SyncSlots | undefined): Promise<Stats> {
    await this.#flush();
    this.#releaseBuffer();
    if (slots !== undefined) await slots.run(() => this.#handle.datasync());
    const stats = await this.#handle.stat();
    this.#mtimeMs = stats.mtimeMs;
    return stats;
  }

  /**
   * Sets the mtime later than another file's, by a millisecond if necessary: two versions of one file with the same
   * size, written in one tick of the system's clock, would otherwise have the same entity-tag.
   */
  async makeNewerThan(mtimeMs: number): Promise<void> {
    if (this.#mtimeMs > mtimeMs) return;
    this.#mtimeMs = mtimeMs + 1;
    await lutimes(this.#path, this.#mtimeMs / 1000, this.#mtimeMs / 1000);
  }

  /** Closes the descriptor; the file can still be published or removed. */
  close(): Promise<void> {
    return this.#handle.close();
  }

  /** Publishes the file under a name, replacing any file that has it. A link is replaced, not followed. */
  async replace(name: string): Promise<void> {
    await rename(this.#path, this.#directory.entry(name));
    this.#hidden = false;
  }

  /** Publishes the file under a name if it is free, atomically. */
  async claim(name: string): Promise<Claim> {
    try {
      await link(this.#path, this.#directory.entry(name)); // unlike rename(), link() never replaces
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return 'taken';
      if (WITHOUT_LINKS.has(errorCode(error))) return 'no-links';
      throw error;
    }
    await unlink(this.#path);
    this.#hidden = false;
    return 'claimed';
  }

  /** Like `claim()`, but works without hard links too. Call it only while no other upload can take the name. */
  async claimWithLock(name: string): Promise<Exclude<Claim, 'no-links'>> {
    const claim = await this.claim(name);
    return claim === 'no-links' ? this.#claimByPlaceholder(this.#directory.entry(name)) : claim;
  }

  /** rename() replaces an existing file. Creating an empty file first reserves the name and fails if it is taken. */
  async #claimByPlaceholder(path: string): Promise<'claimed' | 'taken'> {
    let placeholder: FileHandle;
    try {
      placeholder = await open(path, 'wx');
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return 'taken';
      throw error;
    }
    try {
      const own = await placeholder.stat();
      const isOwn = async (): Promise<boolean> => (await lstat(path)).ino === own.ino;
      if (!(await isOwn())) return 'taken';
      try {
        await rename(this.#path, path);
      } catch (error) {
        if (await isOwn()) await unlink(path);
        throw error;
      }
    } finally {
      await placeholder.close();
    }
    this.#hidden = false;
    return 'claimed';
  }

  /** Closes the file and removes it unless it was published. May be called repeatedly, and during a write. */
  remove(): Promise<void> {
    this.#removed ??= this.#remove();
    return this.#removed;
  }

  async #remove(): Promise<void> {
    try {
      if (this.#hidden) await unlink(this.#path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    } finally {
      await this.#handle.close(); // waits for the operation in progress
      this.#releaseBuffer();
    }
  }

  async #flush(): Promise<void> {
    if (this.#buffer === undefined || this.#used === 0) return;
    const length = this.#used;
    this.#used = 0;
    await this.#writeOut(this.#buffer.subarray(0, length));
  }

  /** A write may accept fewer bytes than given, as on a disk that is almost full, before one fails. */
  async #writeOut(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done);
      done += bytesWritten;
    }
  }

  #releaseBuffer(): void {
    if (this.#buffer !== undefined) giveBack(this.#buffer);
    this.#buffer = undefined;
    this.#used = 0;
  }
}
