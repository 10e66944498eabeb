import { ReportOnce } from '../kernel/log/report-once.js';

/** A worker that served shorter than this died of something that may happen to the next one too. */
const SHORT_LIFE_MS = 10_000;
/** One that served this long is replaced at once all the same: to start one a second is no spin, and every place counts. */
const AT_ONCE_MS = 1000;
/** So are the first few that served shorter: somebody may have killed them. */
const AT_ONCE = 3;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;
/** So many in a row are a loop: something is wrong that another worker will not mend. */
const LOOP = 5;
/** A loop is reported once in this time, not for every death. */
const REPORT_AGAIN_MS = 60_000;

/** Workers that die one after the other: how long until the next one may start, and what is said about it. */
export class RestartBackoff {
  /** Of workers that did not serve long, since one that did. */
  #inARow = 0;
  #delayMs = 0;
  /** Of those, in a row, that hardly served. */
  #short = 0;
  readonly #loops = new ReportOnce({ periodMs: REPORT_AGAIN_MS });

  /** Beyond the first few, silent but for once a minute. */
  get quiet(): boolean {
    return this.#inARow >= LOOP;
  }

  /** @param servedMs how long the worker served @returns for how long no other one should start */
  add(servedMs: number): number {
    if (servedMs >= SHORT_LIFE_MS) this.forget();
    else {
      this.#inARow += 1;
      this.#short = servedMs >= AT_ONCE_MS ? 0 : this.#short + 1;
      if (this.#short <= AT_ONCE && servedMs > 0) {
        this.#delayMs = 0;
        return 0;
      }
      this.#delayMs = Math.min(MAX_DELAY_MS, this.#delayMs * 2 || FIRST_DELAY_MS);
    }
    return this.#delayMs;
  }

  /** @returns that there is a loop, when there is one and it is time to say so */
  loop(now = performance.now()): string | undefined {
    if (this.#inARow < LOOP || !this.#loops.take('loop', now)) return undefined;
    return `crash loop: ${this.#inARow} deaths in a row; another worker is tried every ${MAX_DELAY_MS / 1000} s at most`;
  }

  /** There is another configuration, or a worker lives. */
  forget(): void {
    this.#inARow = 0;
    this.#short = 0;
    this.#delayMs = 0;
    this.#loops.forget();
  }
}
