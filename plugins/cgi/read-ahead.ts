import type { FileHandle } from 'node:fs/promises';
import type { DiskBudget } from './disk-budget.js';
import { openNameless } from './spool.js';

/** Maximum bytes of output that wait in memory. */
const MEMORY_BYTES = 64 * 1024;
/** Maximum bytes that wait in a file beyond that. */
const FILE_BYTES = 64 * 1024 * 1024;
const READ_BYTES = 64 * 1024;

export interface ReadAheadOptions {
  readonly budget: DiskBudget;
  /** Called when the source begins to wait for the reader, and when it continues. */
  readonly stalled: (isStalled: boolean) => void;
}

/**
 * Reads a script's output as fast as the script writes it: a slow client must not keep the script, and its slot, as
 * long as the transfer takes. Waiting output is kept in memory, then in an unnamed file, as a ring. Beyond that, or on
 * a full disk, the script waits for its client.
 */
export class ReadAhead implements AsyncIterableIterator<Uint8Array> {
  readonly #source: AsyncGenerator<Uint8Array>;
  readonly #options: ReadAheadOptions;
  readonly #pieces: Uint8Array[] = [];
  #held = 0;
  #file: FileHandle | undefined;
  /** Total bytes written to the file, and read from it. */
  #written = 0;
  #readBack = 0;
  #allowed = FILE_BYTES;
  /** Number of pieces that the reader took. */
  #taken = 0;
  #state: 'new' | 'reading' | 'ended' = 'new';
  #stopped = false;
  #error: unknown;
  #wakeReader: (() => void) | undefined;
  #wakeSource: (() => void) | undefined;

  constructor(source: AsyncGenerator<Uint8Array>, options: ReadAheadOptions) {
    this.#source = source;
    this.#options = options;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#state === 'new') {
      this.#state = 'reading';
      void this.#fill();
    }
    for (;;) {
      const piece = this.#pieces.shift() ?? (this.#unread > 0 ? await this.#readFile() : undefined);
      if (piece !== undefined) {
        if (this.#held > 0) this.#held = this.#pieces.reduce((sum, { length }) => sum + length, 0);
        this.#taken += 1;
        this.#wakeSource?.();
        return { done: false, value: piece };
      }
      if (this.#state === 'ended' || this.#stopped) break;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
    await this.#close();
    if (this.#error !== undefined) throw this.#error;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#stopped = true;
    this.#wakeReader?.();
    this.#wakeSource?.();
    // Where the source waits for the script, it ends with the script, which is closed by its owner.
    void this.#source.return(undefined).catch(() => {});
    await this.#close();
    return { done: true, value: undefined };
  }

  async #fill(): Promise<void> {
    try {
      for await (const piece of this.#source) {
        await this.#keep(piece);
        if (this.#stopped) return;
      }
    } catch (error) {
      this.#error = error;
    } finally {
      this.#state = 'ended';
      this.#wakeReader?.();
    }
  }

  async #keep(piece: Uint8Array): Promise<void> {
    for (let rest = piece; rest.length > 0 && !this.#stopped; ) {
      const seen = this.#taken;
      if (this.#unread === 0 && this.#held < MEMORY_BYTES) {
        this.#pieces.push(rest);
        this.#held += rest.length;
        this.#wakeReader?.();
        return;
      }
      const taken = await this.#writeFile(rest);
      rest = rest.subarray(taken);
      if (taken > 0) this.#wakeReader?.();
      else if (seen === this.#taken) await this.#room();
    }
  }

  async #room(): Promise<void> {
    this.#options.stalled(true);
    await new Promise<void>((resolve) => {
      this.#wakeSource = resolve;
    });
    this.#wakeSource = undefined;
    this.#options.stalled(false);
  }

  /** @returns the number of bytes taken; 0 when there is no room */
  async #writeFile(piece: Uint8Array): Promise<number> {
    const { budget } = this.#options;
    const position = this.#written % FILE_BYTES;
    const length = Math.min(piece.length, FILE_BYTES - position, this.#allowed - this.#unread);
    if (length <= 0) return 0;
    // Only writes that make the file larger take disk space.
    const room = this.#written < FILE_BYTES ? length : 0;
    if (!budget.take(room)) return 0;
    try {
      const file = this.#file ?? (await openNameless());
      if (this.#stopped) await file.close();
      else this.#file = file;
      const { bytesWritten } = await file.write(piece, 0, length, position);
      if (this.#stopped) throw new Error('the reader has stopped');
      this.#written += bytesWritten;
      budget.give(room === 0 ? 0 : room - bytesWritten);
      return bytesWritten;
    } catch {
      // The disk is full: from here on the script waits for its client.
      budget.give(room);
      this.#allowed = 0;
      return 0;
    }
  }

  get #unread(): number {
    return this.#written - this.#readBack;
  }

  async #readFile(): Promise<Uint8Array | undefined> {
    const unread = this.#unread;
    if (this.#file === undefined) return undefined;
    const position = this.#readBack % FILE_BYTES;
    const buffer = Buffer.allocUnsafe(Math.min(unread, READ_BYTES, FILE_BYTES - position));
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) throw new Error('the file with the waiting output was truncated');
    this.#readBack += bytesRead;
    return buffer.subarray(0, bytesRead);
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#stopped = true;
    if (file === undefined) return;
    this.#options.budget.give(Math.min(this.#written, FILE_BYTES));
    await file.close();
  }
}
