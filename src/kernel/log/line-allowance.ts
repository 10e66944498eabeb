/** Maximum lines per second about requests without a route, for each log and worker process. */
const LINES_PER_SECOND = 50;
const SECOND_MS = 1000;

/**
 * Limits how many lines of one kind a log gets per second: requests that any client can send must neither fill the disk
 * nor drown other entries. Dropped lines are counted, and the count is reported when the second is over.
 */
export class LineAllowance {
  readonly #report: (lines: number) => void;
  #used = 0;
  #dropped = 0;
  #endsAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param report called with the number of lines dropped within about a second */
  constructor(report: (lines: number) => void) {
    this.#report = report;
  }

  /**
   * Requests permission for one line. 50 a second are permitted.
   * @returns false if the line exceeds the limit: it is counted as dropped
   */
  take(): boolean {
    const now = performance.now();
    if (now >= this.#endsAt) {
      this.#endsAt = now + SECOND_MS;
      this.#used = 0;
    }
    this.#used += 1;
    if (this.#used <= LINES_PER_SECOND) return true;
    this.#dropped += 1;
    this.#timer ??= setTimeout(() => this.#reportDropped(), SECOND_MS).unref();
    return false;
  }

  /** Reports the count so far now. */
  close(): void {
    clearTimeout(this.#timer);
    if (this.#dropped > 0) this.#reportDropped();
  }

  #reportDropped(): void {
    const lines = this.#dropped;
    this.#dropped = 0;
    this.#timer = undefined;
    this.#report(lines);
  }
}
