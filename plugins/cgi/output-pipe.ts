import type { Readable } from 'node:stream';

/** The script kept silent for longer than it may. */
export class SilenceError extends Error {
  constructor() {
    super('no output in time');
    this.name = 'SilenceError';
  }
}

/** After the script's end, how long a read waits for those who inherited its output, in milliseconds. */
const PATIENCE_MS = 1000;

/**
 * A script's standard output, pulled: nothing is read ahead but what the stream buffers itself, so that a slow client
 * slows the script down.
 */
export class OutputPipe {
  readonly #stream: Readable;
  /** Ends the wait under way; true when there may be something to read. */
  #wake: ((readable: boolean) => void) | undefined;
  #ended = false;
  #orphaned = false;

  constructor(stream: Readable) {
    this.#stream = stream;
    const wake = (): void => this.#wake?.(true);
    const end = (): void => {
      this.#ended = true;
      wake();
    };
    stream.on('readable', wake);
    // An error on a pipe is its end: the reset of a socket pair whose other side was killed.
    stream.on('end', end).on('close', end).on('error', end);
  }

  /**
   * The next piece, or undefined at the end. One reader at a time.
   * @throws SilenceError when nothing comes within the time
   */
  async read(timeoutMs: number): Promise<Uint8Array | undefined> {
    for (;;) {
      const piece: unknown = this.#stream.read();
      if (piece instanceof Uint8Array) return piece;
      if (this.#ended) return undefined;
      const limit = this.#orphaned ? PATIENCE_MS : timeoutMs;
      if (await this.#readable(limit)) continue;
      if (this.#orphaned) return undefined;
      throw new SilenceError();
    }
  }

  /**
   * The script has ended. What it wrote can still be read, at whatever pace; a read that waits, because somebody else
   * holds the output open, is soon at the end.
   */
  orphan(): void {
    this.#orphaned = true;
    this.#wake?.(true);
  }

  /** Nobody reads any more; whoever writes gets EPIPE. */
  close(): void {
    this.#stream.destroy();
  }

  #readable(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(false), timeoutMs);
      this.#wake = (readable) => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(readable);
      };
    });
  }
}
