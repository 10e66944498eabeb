/** Lines a second that requests without a route may have in one log of one worker process. */
const LINES_PER_SECOND = 50;
const SECOND_MS = 1000;

/**
 * Bounds how many lines of one kind a log gets in a second: what anybody can send must not fill a disk, nor hide what
 * else is logged. What is left out is counted, and told once its second is over.
 */
export class LineAllowance {
  readonly #leftOut: (lines: number) => void;
  #used = 0;
  #over = 0;
  #endsAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param leftOut told how many lines were left out within a second or so */
  constructor(leftOut: (lines: number) => void) {
    this.#leftOut = leftOut;
  }

  /**
   * Asks for room for one line; there is room for 50 a second.
   * @returns false for a line that is too much: it is counted
   */
  take(): boolean {
    const now = performance.now();
    if (now >= this.#endsAt) {
      this.#endsAt = now + SECOND_MS;
      this.#used = 0;
    }
    this.#used += 1;
    if (this.#used <= LINES_PER_SECOND) return true;
    this.#over += 1;
    this.#timer ??= setTimeout(() => this.#tell(), SECOND_MS).unref();
    return false;
  }

  /** What is counted is told now. */
  close(): void {
    clearTimeout(this.#timer);
    if (this.#over > 0) this.#tell();
  }

  #tell(): void {
    const lines = this.#over;
    this.#over = 0;
    this.#timer = undefined;
    this.#leftOut(lines);
  }
}
