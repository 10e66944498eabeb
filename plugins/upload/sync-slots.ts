/**
 * Maximum number of concurrent syncs to disk. Each occupies one of Node's four I/O threads, which also read and
 * compress the files of all other requests.
 */
const MAX_AT_ONCE = 1;

/** Limits concurrent syncs to disk; further ones wait in order. */
export class SyncSlots {
  #free = MAX_AT_ONCE;
  readonly #waiting: (() => void)[] = [];

  async run(sync: () => Promise<void>): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      await sync();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
