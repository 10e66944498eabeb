/** Reports that are remembered, when nothing else is said. */
const MAX_REMEMBERED = 1000;

/** Options of a `ReportOnce`. */
export interface ReportOnceOptions {
  /** Milliseconds until the same report is due again. Default: never. */
  readonly periodMs?: number;
  /** Number of reports remembered, at least 1; the oldest is forgotten and so due again. Default: 1,000. */
  readonly max?: number;
}

/** Decides whether a report that recurs is written: the first time, and again after a period. */
export class ReportOnce {
  readonly #periodMs: number;
  readonly #max: number;
  /** When each report was last due, by `performance.now()`, in that order. */
  readonly #reported = new Map<unknown, number>();

  constructor({ periodMs = Number.POSITIVE_INFINITY, max = MAX_REMEMBERED }: ReportOnceOptions = {}) {
    this.#periodMs = periodMs;
    this.#max = max;
  }

  /**
   * Asks to write a report.
   * @param key identifies the report: its text, or the value it is about
   * @returns false for a report that was written within the period
   */
  take(key?: unknown, now = performance.now()): boolean {
    const before = this.#reported.get(key);
    if (before !== undefined && now - before < this.#periodMs) return false;
    // Again at the end, where the latest are.
    this.#reported.delete(key);
    if (this.#reported.size >= this.#max) {
      const [oldest] = this.#reported.keys();
      this.#reported.delete(oldest);
    }
    this.#reported.set(key, now);
    return true;
  }

  /** Makes every report due again: what was reported is over. */
  forget(): void {
    this.#reported.clear();
  }
}
