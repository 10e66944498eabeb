/** What is written in one call, in bytes. */
const CHUNK = 64 * 1024;
/** UTF-8 takes at most so many bytes for one UTF-16 unit. */
const WIDEST = 3;

/**
 * Lines on their way to a file, as bytes in pieces of whole lines. Not as strings: a line's parts are slices of request
 * heads, and a rope of them would keep all those heads in memory for as long as a slow disk makes it wait.
 */
export class LineBuffer {
  /** Bytes of memory, whether used or not. */
  readonly #limit: number;
  readonly #full: Uint8Array[] = [];
  #held = 0;
  #chunk: Buffer | undefined;
  #used = 0;
  #spare: Buffer | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get empty(): boolean {
    return this.#used === 0 && this.#full.length === 0;
  }

  /** Pieces that nothing more is added to. */
  get pieces(): number {
    return this.#full.length;
  }

  /** @returns false when the line finds no room */
  add(line: string): boolean {
    const widest = line.length * WIDEST;
    if (widest > CHUNK) return this.#addLong(line);
    let chunk = this.#chunk;
    if (chunk === undefined || this.#used + widest > CHUNK) {
      if (this.#held + CHUNK > this.#limit) return false;
      this.seal();
      chunk = this.#spare ?? Buffer.allocUnsafeSlow(CHUNK);
      this.#spare = undefined;
      this.#chunk = chunk;
      this.#held += CHUNK;
    }
    this.#used += chunk.write(line, this.#used);
    return true;
  }

  #addLong(line: string): boolean {
    const bytes = Buffer.from(line);
    if (this.#held + bytes.length > this.#limit) return false;
    this.seal();
    this.#full.push(bytes);
    this.#held += bytes.length;
    return true;
  }

  /** What is there becomes a piece of its own, or several. */
  seal(): void {
    if (this.#chunk === undefined) return;
    this.#full.push(this.#chunk.subarray(0, this.#used));
    this.#chunk = undefined;
    this.#used = 0;
  }

  /** The oldest piece. It counts until it is released. */
  take(): Uint8Array | undefined {
    if (this.#full.length === 0) this.seal();
    return this.#full.shift();
  }

  release({ buffer, length }: Uint8Array): void {
    if (length <= CHUNK && buffer.byteLength === CHUNK && buffer instanceof ArrayBuffer) {
      this.#held -= CHUNK;
      this.#spare = Buffer.from(buffer);
    } else this.#held -= length;
  }
}
