/**
 * Writes to the disk that may be forced at once. Each of them keeps one of Node's four I/O threads, which read and
 * compress the files of all other requests too.
 */
const MAX_AT_ONCE = 1;

/** Forces what was written to the disk, one at a time. */
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
