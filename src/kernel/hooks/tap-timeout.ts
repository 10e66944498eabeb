/** Work of a plugin that has a timeout. */
export interface Work {
  /** Changes while the plugin waits for others: the timeout then starts again. */
  progress(): unknown;
  onTimeout(): void;
}

interface Waiting {
  readonly work: Work;
  progress: unknown;
  since: number;
}

/** How often it is looked: timeouts are of seconds. */
const LOOK_MS = 250;

/**
 * Bounds the time plugins take. One coarse timer for all that wait equally long, and none while nothing waits: a tap
 * costs an entry in a set.
 */
export class TimeoutGroup {
  readonly #limitMs: number;
  readonly #waiting = new Set<Waiting>();
  #timer: NodeJS.Timeout | undefined;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  get limitMs(): number {
    return this.#limitMs;
  }

  /** @returns to be called when the work is done; false when it had been given up */
  begin(work: Work): () => boolean {
    const waiting: Waiting = { work, progress: work.progress(), since: performance.now() };
    this.#waiting.add(waiting);
    this.#timer ??= setInterval(() => this.#look(), Math.min(LOOK_MS, this.#limitMs)).unref();
    return () => this.#waiting.delete(waiting);
  }

  #look(): void {
    const now = performance.now();
    // In the order they began or went on: behind one that may still wait, all may.
    for (const waiting of this.#waiting) {
      if (now - waiting.since < this.#limitMs) break;
      this.#waiting.delete(waiting);
      const progress = waiting.work.progress();
      if (progress === waiting.progress) waiting.work.onTimeout();
      else this.#waiting.add(Object.assign(waiting, { progress, since: now }));
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Returns one group for each timeout; undefined for Infinity. */
export function timeoutGroups(): (milliseconds: number) => TimeoutGroup | undefined {
  const known = new Map<number, TimeoutGroup>();
  return (milliseconds) => {
    if (milliseconds === Number.POSITIVE_INFINITY) return undefined;
    const timeoutGroup = known.get(milliseconds) ?? new TimeoutGroup(milliseconds);
    known.set(milliseconds, timeoutGroup);
    return timeoutGroup;
  };
}
