import { access } from 'node:fs/promises';

/** Time in milliseconds for which the result of the last check is used. */
const CHECK_INTERVAL_MS = 500;

/**
 * A file that closes the site while it exists. It is looked up twice a second at most, regardless of the number of
 * requests.
 */
export class ClosingFile {
  #path;
  #checkedAt = Number.NEGATIVE_INFINITY;
  /** @type {Promise<boolean>} */
  #exists = Promise.resolve(false);

  /** @param {string} path absolute path */
  constructor(path) {
    this.#path = path;
  }

  /** @returns {Promise<boolean>} */
  isThere() {
    const now = performance.now();
    if (now - this.#checkedAt >= CHECK_INTERVAL_MS) {
      this.#checkedAt = now;
      this.#exists = access(this.#path).then(
        () => true,
        () => false,
      );
    }
    return this.#exists;
  }
}
