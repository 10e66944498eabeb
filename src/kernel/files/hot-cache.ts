import { performance } from 'node:perf_hooks';

/** Bounds of a `HotCache`. */
export interface HotCacheOptions {
  /** How long a value is valid after it was computed, in milliseconds. */
  readonly validMs: number;
  /** How often a key must be requested within that time before its value is cached. */
  readonly threshold: number;
  /** Maximum number of keys counted at a time; beyond it all counts start again. */
  readonly maxKeys: number;
}

interface Entry<Value> {
  readonly since: number;
  requests: number;
  cached: { readonly value: Value; readonly madeAt: number } | undefined;
}

/**
 * Caches values that are requested again and again, for a short time. A value that is requested rarely is computed
 * every time: an administrator who looks, changes something through another process, and looks again sees the change.
 */
export class HotCache<Value> {
  readonly #options: HotCacheOptions;
  readonly #entries = new Map<string, Entry<Value>>();
  #changedAt = Number.NEGATIVE_INFINITY;

  constructor(options: HotCacheOptions) {
    this.#options = options;
  }

  /** Counts the request. @returns the cached value, if it is still valid */
  get(key: string): Value | undefined {
    const now = performance.now();
    const entry = this.#entries.get(key);
    if (entry === undefined || now - entry.since >= this.#options.validMs) {
      this.#restart(key, now, entry);
      return this.#fresh(entry, now);
    }
    entry.requests += 1;
    return this.#fresh(entry, now);
  }

  /**
   * Caches the value if its key was requested often enough; ignores it otherwise.
   * @param madeAt when computing the value began, by `performance.now()`: the value does not include later changes
   */
  set(key: string, value: Value, madeAt: number): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.requests >= this.#options.threshold) entry.cached = { value, madeAt };
  }

  /** Invalidates all values computed before now: something may have changed. */
  expire(): void {
    this.#changedAt = performance.now();
  }

  /** A key that was hot a moment ago starts hot. */
  #restart(key: string, now: number, before: Entry<Value> | undefined): void {
    if (before === undefined && this.#entries.size >= this.#options.maxKeys) this.#entries.clear();
    const wasHot = before !== undefined && before.requests >= this.#options.threshold;
    const recent = before !== undefined && now - before.since < 2 * this.#options.validMs;
    this.#entries.set(key, {
      since: now,
      requests: wasHot && recent ? this.#options.threshold : 1,
      cached: before?.cached,
    });
  }

  #fresh(entry: Entry<Value> | undefined, now: number): Value | undefined {
    const cached = entry?.cached;
    if (cached === undefined || cached.madeAt <= this.#changedAt) return undefined;
    return now - cached.madeAt < this.#options.validMs ? cached.value : undefined;
  }
}
