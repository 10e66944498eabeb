/** Bounds of a `WorkLimit`. */
export interface WorkLimitOptions {
  /** Maximum number of tasks running at the same time. */
  readonly atOnce: number;
  /** Maximum number of tasks waiting in the queue. */
  readonly waiting: number;
}

/** Limits how many tasks of one kind run at the same time. Further tasks wait in a queue, first come first served. */
export class WorkLimit {
  readonly #options: WorkLimitOptions;
  readonly #waiting = new Set<() => void>();
  #working = 0;

  constructor(options: WorkLimitOptions) {
    this.#options = options;
  }

  /** True if the queue is full too. */
  get full(): boolean {
    return this.#working >= this.#options.atOnce && this.#waiting.size >= this.#options.waiting;
  }

  /**
   * Waits for permission to run.
   * @param signal aborted when the work is no longer needed: it leaves the queue then
   * @returns undefined if the queue is full; otherwise a promise of the function that ends the task. Calling that
   *   function again does nothing. The promise rejects with the signal's reason
   */
  acquire(signal?: AbortSignal): Promise<() => void> | undefined {
    if (this.#working < this.#options.atOnce) {
      this.#working += 1;
      return Promise.resolve(this.#release());
    }
    return this.full ? undefined : this.#turn(signal);
  }

  #turn(signal: AbortSignal | undefined): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve(this.#release());
      };
      const leave = (): void => {
        this.#waiting.delete(enter);
        reject(signal?.reason);
      };
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      this.#waiting.add(enter);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  #release(): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const [next] = this.#waiting;
      if (next === undefined) {
        this.#working -= 1;
        return;
      }
      // The next task takes over the place, so `#working` stays the same.
      this.#waiting.delete(next);
      next();
    };
  }
}
