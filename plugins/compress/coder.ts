import type { Transform } from 'node:stream';

/**
 * Wraps a zlib stream as a function from pieces to pieces. The promise of a piece resolves when zlib has done its work,
 * so a slow reader occupies no thread and nothing is queued inside.
 */
export class Coder {
  readonly #transform: Transform;
  readonly #flush: (done: () => void) => void;
  #out: Uint8Array[] = [];
  #size = 0;

  /** @param flush makes the stream emit its buffered output, then calls `done` */
  constructor(transform: Transform, flush: (done: () => void) => void) {
    this.#transform = transform;
    this.#flush = flush;
    transform.on('data', (piece: Uint8Array) => {
      this.#out.push(piece);
      this.#size += piece.length;
    });
    // Each call below reports the error to its caller.
    transform.on('error', () => {});
  }

  get destroyed(): boolean {
    return this.#transform.destroyed;
  }

  /**
   * Resolves when the coder has processed the piece; the caller may then reuse its memory.
   * @returns the output produced so far; may be empty
   */
  write(piece: Uint8Array): Promise<Uint8Array> {
    return this.#work((done) => this.#transform.write(piece, done));
  }

  /** @returns buffered output, so that the reader can decode everything written so far */
  flush(): Promise<Uint8Array> {
    return this.#work((done) => this.#flush(() => done(this.#transform.errored)));
  }

  /** @returns the remaining output */
  end(): Promise<Uint8Array> {
    return this.#work((done) => {
      this.#transform.once('end', () => done()).once('error', done);
      this.#transform.end();
    });
  }

  /** Frees the memory once the operation in progress is done. */
  destroy(): void {
    this.#transform.destroy();
  }

  #work(begin: (done: (error?: Error | null) => void) => void): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      begin((error) => {
        if (error) reject(error);
        else resolve(this.#take());
      });
    });
  }

  #take(): Uint8Array {
    // Reads the output that the stream has not emitted yet.
    while (!this.#transform.destroyed && this.#transform.read() !== null);
    const [only = new Uint8Array(0)] = this.#out;
    const all = this.#out.length === 1 ? only : Buffer.concat(this.#out, this.#size);
    this.#out = [];
    this.#size = 0;
    return all;
  }
}
