import type { Transform } from 'node:stream';

/**
 * A stream of zlib's as a function from pieces to pieces: what comes of a piece is there when zlib has done its work, so
 * that a slow reader keeps no thread and nothing waits inside.
 */
export class Coder {
  readonly #transform: Transform;
  readonly #flush: (done: () => void) => void;
  #out: Uint8Array[] = [];
  #size = 0;

  /** @param flush has the stream give what it holds, then calls `done` */
  constructor(transform: Transform, flush: (done: () => void) => void) {
    this.#transform = transform;
    this.#flush = flush;
    transform.on('data', (piece: Uint8Array) => {
      this.#out.push(piece);
      this.#size += piece.length;
    });
    // Each call below tells its caller.
    transform.on('error', () => {});
  }

  get destroyed(): boolean {
    return this.#transform.destroyed;
  }

  /**
   * Fulfilled when the coder is done with the piece, whose memory is the caller's again then.
   * @returns what came of it and of those before; may be empty
   */
  write(piece: Uint8Array): Promise<Uint8Array> {
    return this.#work((done) => this.#transform.write(piece, done));
  }

  /** @returns what the coder held, so that the reader can decode all that was written */
  flush(): Promise<Uint8Array> {
    return this.#work((done) => this.#flush(() => done(this.#transform.errored)));
  }

  /** @returns the rest */
  end(): Promise<Uint8Array> {
    return this.#work((done) => {
      this.#transform.once('end', () => done()).once('error', done);
      this.#transform.end();
    });
  }

  /** Frees its memory, once the work under way is done. */
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
    // What the stream has not handed out yet is handed out now.
    while (!this.#transform.destroyed && this.#transform.read() !== null);
    const [only = new Uint8Array(0)] = this.#out;
    const all = this.#out.length === 1 ? only : Buffer.concat(this.#out, this.#size);
    this.#out = [];
    this.#size = 0;
    return all;
  }
}
