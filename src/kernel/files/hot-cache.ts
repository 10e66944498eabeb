import { performance } from 'node:perf_hooks';

/** Bounds of a `HotCache`. */
export interface HotCacheOptions {
  /** How long a value counts after it was made, in milliseconds. */
  readonly validMs: number;
  /** How often a key must be asked for within that time before its value is kept. */
  readonly threshold: number;
  /** Keys that are counted at once; when there are more, all counts start again. */
  readonly maxKeys: number;
}

interface Entry<Value> {
  readonly since: number;
  asked: number;
  kept: { readonly value: Value; readonly madeAt: number } | undefined;
}

/**
 * Keeps what is asked for again and again, for a moment. What is asked for now and then is made anew each time: who looks,
 * changes something through another process, and looks again sees the change.
 */
export class HotCache<Value> {
  readonly #options: HotCacheOptions;
  readonly #entries = new Map<string, Entry<Value>>();
  #changedAt = Number.NEGATIVE_INFINITY;

  constructor(options: HotCacheOptions) {
    this.#options = options;
  }

  /** Counts the question. @returns what is kept, if it counts still */
  ask(key: string): Value | undefined {
    const now = performance.now();
    const entry = this.#entries.get(key);
    if (entry === undefined || now - entry.since >= this.#options.validMs) {
      this.#begin(key, now, entry);
      return this.#fresh(entry, now);
    }
    entry.asked += 1;
    return this.#fresh(entry, now);
  }

  /**
   * Stores the value of a key that was asked for often enough; ignores any other.
   * @param madeAt when the value began to be made, by `performance.now()`: what changed later is not in it
   */
  keep(key: string, value: Value, madeAt: number): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.asked >= this.#options.threshold) entry.kept = { value, madeAt };
  }

  /** What was made before now counts no more: something may have changed. */
  expire(): void {
    this.#changedAt = performance.now();
  }

  /** A key that was hot a moment ago starts hot. */
  #begin(key: string, now: number, before: Entry<Value> | undefined): void {
    if (before === undefined && this.#entries.size >= this.#options.maxKeys) this.#entries.clear();
    const wasHot = before !== undefined && before.asked >= this.#options.threshold;
    const recent = before !== undefined && now - before.since < 2 * this.#options.validMs;
    this.#entries.set(key, {
      since: now,
      asked: wasHot && recent ? this.#options.threshold : 1,
      kept: before?.kept,
    });
  }

  #fresh(entry: Entry<Value> | undefined, now: number): Value | undefined {
    const kept = entry?.kept;
    if (kept === undefined || kept.madeAt <= this.#changedAt) return undefined;
    return now - kept.madeAt < this.#options.validMs ? kept.value : undefined;
  }
}
