import { ReportOnce } from '../kernel/log/report-once.js';

/** A worker that served for less than this may have died of something that its replacement will die of too. */
const SHORT_LIFE_MS = 10_000;
/**
 * A worker that served at least this long is replaced immediately all the same: one start a second is affordable, and
 * every worker counts.
 */
const IMMEDIATE_AFTER_MS = 1000;
/**
 * Number of short-lived workers in a row that are also replaced immediately: they may have been killed from outside.
 */
const IMMEDIATE_COUNT = 3;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;
/** This many deaths in a row are a crash loop: the cause will not go away with another worker. */
const LOOP = 5;
/** A crash loop is reported once in this time, not for every death. */
const REPORT_INTERVAL_MS = 60_000;

/** Computes the delay before a worker that ended is replaced, and reports crash loops. */
export class RestartBackoff {
  /** Deaths in a row of workers that did not serve long. */
  #inARow = 0;
  #delayMs = 0;
  /** Deaths in a row, among those, of workers that served for less than a second. */
  #short = 0;
  readonly #loops = new ReportOnce({ periodMs: REPORT_INTERVAL_MS });

  /** Whether single deaths are no longer logged: in a crash loop only a line a minute is. */
  get quiet(): boolean {
    return this.#inARow >= LOOP;
  }

  /**
   * @param servedMs how long the worker served
   * @returns milliseconds to wait before its replacement starts
   */
  add(servedMs: number): number {
    if (servedMs >= SHORT_LIFE_MS) this.forget();
    else {
      this.#inARow += 1;
      this.#short = servedMs >= IMMEDIATE_AFTER_MS ? 0 : this.#short + 1;
      if (this.#short <= IMMEDIATE_COUNT && servedMs > 0) {
        this.#delayMs = 0;
        return 0;
      }
      this.#delayMs = Math.min(MAX_DELAY_MS, this.#delayMs * 2 || FIRST_DELAY_MS);
    }
    return this.#delayMs;
  }

  /** @returns the report of a crash loop, when it is due; undefined otherwise */
  loop(now = performance.now()): string | undefined {
    if (this.#inARow < LOOP || !this.#loops.take('loop', now)) return undefined;
    const seconds = MAX_DELAY_MS / 1000;
    return `crash loop: ${this.#inARow} workers died in a row; a replacement starts at most every ${seconds} s`;
  }

  /** Called for a new configuration, or when a worker has served long enough. */
  forget(): void {
    this.#inARow = 0;
    this.#short = 0;
    this.#delayMs = 0;
    this.#loops.forget();
  }
}
