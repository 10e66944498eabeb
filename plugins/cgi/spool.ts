import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode, HttpError, type RequestBody } from '@webserv/server';

/** Maximum bytes of content kept in memory; it fits into the buffer between server and script. */
const MEMORY_BYTES = 64 * 1024;

/** Errors when the disk, the quota or the file size limit is exhausted. */
const FULL_CODES = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Whole content of a request, ready to be a script's standard input. */
export interface Content {
  /** Bytes. */
  readonly size: number;
  /** All of it when it is small; empty when it is in the file. */
  readonly bytes: Uint8Array;
  /** No other process can reach it, and its offset is at the start: it *is* the script's standard input. */
  readonly file: FileHandle | undefined;
  /** Frees the disk space, once every process that inherited the file has closed it too. */
  close(): Promise<void>;
}

const noContent: Content = {
  size: 0,
  bytes: new Uint8Array(0),
  file: undefined,
  close: () => Promise.resolve(),
};

/**
 * Opens a file without a name: it is unlinked immediately, so that nothing is left of it however the server ends. Uses
 * O_EXCL and a random name, because other users can write to the temporary directory.
 */
export async function openNameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `webserv-cgi-${randomUUID()}`);
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await unlink(path);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return handle;
}

/** Collects content in a buffer of fixed size, and in a file once that overflows. */
class Spool {
  readonly #buffer: Buffer;
  #used = 0;
  #file: FileHandle | undefined;
  #written = 0;

  constructor(bufferSize: number) {
    this.#buffer = Buffer.allocUnsafeSlow(bufferSize);
  }

  /** Copies the piece, because the connection may reuse its memory. */
  async add(piece: Uint8Array): Promise<void> {
    for (let start = 0; start < piece.length; ) {
      if (this.#used === this.#buffer.length) await this.#flush();
      const end = Math.min(piece.length, start + this.#buffer.length - this.#used);
      this.#buffer.set(piece.subarray(start, end), this.#used);
      this.#used += end - start;
      start = end;
    }
  }

  async finish(): Promise<Content> {
    if (this.#file !== undefined) await this.#flush();
    const file = this.#file;
    return {
      size: file === undefined ? this.#used : this.#written,
      bytes: this.#buffer.subarray(0, file === undefined ? this.#used : 0),
      file,
      close: () => this.close(),
    };
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Writes by position: the file's own offset, which the script inherits, stays at the start. */
  async #flush(): Promise<void> {
    this.#file ??= await openNameless();
    for (let start = 0; start < this.#used; ) {
      const { bytesWritten } = await this.#file.write(this.#buffer, start, this.#used - start, this.#written);
      start += bytesWritten;
      this.#written += bytesWritten;
    }
    this.#used = 0;
  }
}

function isFull(error: unknown): boolean {
  return FULL_CODES.has(errorCode(error));
}

/**
 * Reads a request's content to its end.
 * @throws HttpError 507 when there is no room for it, and the errors of reading the body; nothing is left in either
 * case
 */
export async function spool(body: RequestBody): Promise<Content> {
  if (body.length === 0) return noContent;
  const spooled = new Spool(Math.min(body.length ?? MEMORY_BYTES, MEMORY_BYTES));
  try {
    for (let piece = await body.read(); piece !== undefined; piece = await body.read()) {
      await spooled.add(piece);
    }
    return await spooled.finish();
  } catch (error) {
    await spooled.close();
    if (isFull(error))
      throw new HttpError(507, { reason: 'no disk space left for the request body', cause: error });
    throw error;
  }
}
