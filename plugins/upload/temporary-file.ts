import type { Stats } from 'node:fs';
import { type FileHandle, link, lstat, lutimes, open, rename, unlink } from 'node:fs/promises';
import { HttpError, type OpenDirectory } from '@webserv/server';
import { errorCode } from './failure.js';
import type { SyncSlots } from './sync-slots.js';
import { giveBack, takeBuffer } from './write-buffers.js';

/** What link(2) fails with on a file system without hard links: exFAT, SMB, many of FUSE. */
const WITHOUT_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** `no-links`: the file system cannot give a second name to a file. */
export type Claim = 'claimed' | 'taken' | 'no-links';

/**
 * A file that is being received, under a hidden name in the directory it will stay in: the same file system, so that
 * it gets its name in one step. Nobody sees it before it is whole.
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

  /** `wx` is O_CREAT|O_EXCL: it fails for a name that exists, and follows no link there. */
  static async create(directory: OpenDirectory, name: string): Promise<TemporaryFile> {
    const path = directory.entry(name);
    return new TemporaryFile(directory, name, path, await open(path, 'wx'));
  }

  /** Bytes received. */
  get size(): number {
    return this.#size;
  }

  /** Takes the next piece; small ones are collected. The piece's memory is the caller's again when this is done. */
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
   * Writes what is still collected.
   * @param slots force it to the disk too
   * @returns the file as it now is
   */
  async complete(slots: SyncSlots | undefined): Promise<Stats> {
    await this.#flush();
    this.#letGoOfBuffer();
    if (slots !== undefined) await slots.run(() => this.#handle.datasync());
    const stats = await this.#handle.stat();
    this.#mtimeMs = stats.mtimeMs;
    return stats;
  }

  /**
   * Lets it have been changed later than another file, by a millisecond where it was not: two versions of one file that
   * are as large and were written in one tick of the system's clock would have one entity-tag.
   */
  async makeNewerThan(mtimeMs: number): Promise<void> {
    if (this.#mtimeMs > mtimeMs) return;
    this.#mtimeMs = mtimeMs + 1;
    await lutimes(this.#path, this.#mtimeMs / 1000, this.#mtimeMs / 1000);
  }

  /** Gives the descriptor back; the file can still get its name, or be removed. */
  close(): Promise<void> {
    return this.#handle.close();
  }

  /** Gets its name, in place of whatever file has it. A link there is replaced, not followed. */
  async replace(name: string): Promise<void> {
    await rename(this.#path, this.#directory.entry(name));
    this.#hidden = false;
  }

  /** Gets its name if nothing has it, in one step. */
  async claim(name: string): Promise<Claim> {
    try {
      await link(this.#path, this.#directory.entry(name)); // unlike rename(), it never replaces
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return 'taken';
      if (WITHOUT_LINKS.has(errorCode(error))) return 'no-links';
      throw error;
    }
    await unlink(this.#path);
    this.#hidden = false;
    return 'claimed';
  }

  /** As `claim()`, also without hard links. To be called while no other upload can take the name. */
  async claimWithLock(name: string): Promise<Exclude<Claim, 'no-links'>> {
    const claim = await this.claim(name);
    return claim === 'no-links' ? this.#claimByPlaceholder(this.#directory.entry(name)) : claim;
  }

  /** rename() replaces what has the name. So an empty file takes the name first, which fails where there is one. */
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

  /** Ends it: closed, and gone unless it got its name. May be called again, and while a write is under way. */
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
      await this.#handle.close(); // waits for the operation under way
      this.#letGoOfBuffer();
    }
  }

  async #flush(): Promise<void> {
    if (this.#buffer === undefined || this.#used === 0) return;
    const length = this.#used;
    this.#used = 0;
    await this.#writeOut(this.#buffer.subarray(0, length));
  }

  /** A write may take fewer bytes than it was given: a disk that fills up does, before it fails. */
  async #writeOut(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done);
      done += bytesWritten;
    }
  }

  #letGoOfBuffer(): void {
    if (this.#buffer !== undefined) giveBack(this.#buffer);
    this.#buffer = undefined;
    this.#used = 0;
  }
}
