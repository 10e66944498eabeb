/** Bounds of a `WorkLimit`. */
export interface WorkLimitOptions {
  /** How many may work at the same time. */
  readonly atOnce: number;
  /** How many may wait for their turn. */
  readonly waiting: number;
}

/** Bounds how much work of one kind is under way. Further work waits for its turn, in the order asked for. */
export class WorkLimit {
  readonly #options: WorkLimitOptions;
  readonly #waiting = new Set<() => void>();
  #working = 0;

  constructor(options: WorkLimitOptions) {
    this.#options = options;
  }

  /** Whether nothing more may even wait. */
  get full(): boolean {
    return this.#working >= this.#options.atOnce && this.#waiting.size >= this.#options.waiting;
  }

  /**
   * Waits for a turn.
   * @param signal aborted when the work is not wanted any more: its place in the queue is free then
   * @returns undefined when it is full; else a promise of the function that ends the turn, more calls of which do nothing.
   * The promise rejects with the signal's reason
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
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const [next] = this.#waiting;
      if (next === undefined) {
        this.#working -= 1;
        return;
      }
      // The turn is handed over: it counts throughout.
      this.#waiting.delete(next);
      next();
    };
  }
}
