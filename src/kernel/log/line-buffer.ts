/** Bytes written in one call. */
const CHUNK = 64 * 1024;
/** Maximum bytes of UTF-8 for one UTF-16 unit. */
const WIDEST = 3;

/**
 * Buffers lines for a file as pieces of bytes that hold whole lines. They are not kept as strings: a line's parts are
 * slices of request heads, and a rope of them would keep all those heads in memory while a slow disk delays the write.
 */
export class LineBuffer {
  /** Bytes of memory, used or not. */
  readonly #limit: number;
  readonly #full: Uint8Array[] = [];
  #allocated = 0;
  #chunk: Buffer | undefined;
  #used = 0;
  #spare: Buffer | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get empty(): boolean {
    return this.#used === 0 && this.#full.length === 0;
  }

  /** Number of pieces that are complete. */
  get pieces(): number {
    return this.#full.length;
  }

  /** @returns false if the buffer is full */
  add(line: string): boolean {
    const widest = line.length * WIDEST;
    if (widest > CHUNK) return this.#addLong(line);
    let chunk = this.#chunk;
    if (chunk === undefined || this.#used + widest > CHUNK) {
      if (this.#allocated + CHUNK > this.#limit) return false;
      this.seal();
      chunk = this.#spare ?? Buffer.allocUnsafeSlow(CHUNK);
      this.#spare = undefined;
      this.#chunk = chunk;
      this.#allocated += CHUNK;
    }
    this.#used += chunk.write(line, this.#used);
    return true;
  }

  #addLong(line: string): boolean {
    const bytes = Buffer.from(line);
    if (this.#allocated + bytes.length > this.#limit) return false;
    this.seal();
    this.#full.push(bytes);
    this.#allocated += bytes.length;
    return true;
  }

  /** Completes the current piece: the next line starts another. */
  seal(): void {
    if (this.#chunk === undefined) return;
    this.#full.push(this.#chunk.subarray(0, this.#used));
    this.#chunk = undefined;
    this.#used = 0;
  }

  /** Removes the oldest piece. Its memory counts until it is released. */
  take(): Uint8Array | undefined {
    if (this.#full.length === 0) this.seal();
    return this.#full.shift();
  }

  release({ buffer, length }: Uint8Array): void {
    if (length <= CHUNK && buffer.byteLength === CHUNK && buffer instanceof ArrayBuffer) {
      this.#allocated -= CHUNK;
      this.#spare = Buffer.from(buffer);
    } else this.#allocated -= length;
  }
}
