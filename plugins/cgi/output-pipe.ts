import type { Readable } from 'node:stream';

/** The script wrote nothing for longer than the timeout. */
export class SilenceError extends Error {
  constructor() {
    super('no output in time');
    this.name = 'SilenceError';
  }
}

/** Milliseconds to wait, after the script's end, for processes that inherited its output. */
const ORPHAN_WAIT_MS = 1000;

/**
 * A script's standard output, read on demand: only the stream's own buffer is filled ahead, so that a slow client slows
 * the script down.
 */
export class OutputPipe {
  readonly #stream: Readable;
  /** Ends the pending wait; true when there may be data to read. */
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
    // An error on a pipe is its end, for example a reset of the socket pair whose other side was killed.
    stream.on('end', end).on('close', end).on('error', end);
  }

  /**
   * Returns the next piece, or undefined at the end. Supports one reader at a time.
   * @throws SilenceError when nothing arrives within the timeout
   */
  async read(timeoutMs: number): Promise<Uint8Array | undefined> {
    for (;;) {
      const piece: unknown = this.#stream.read();
      if (piece instanceof Uint8Array) return piece;
      if (this.#ended) return undefined;
      const limit = this.#orphaned ? ORPHAN_WAIT_MS : timeoutMs;
      if (await this.#readable(limit)) continue;
      if (this.#orphaned) return undefined;
      throw new SilenceError();
    }
  }

  /**
   * Called when the script has ended. Its output can still be read at any pace; a read that waits because another
   * process holds the output open soon returns the end.
   */
  orphan(): void {
    this.#orphaned = true;
    this.#wake?.(true);
  }

  /** Stops reading; further writes of the script get EPIPE. */
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
