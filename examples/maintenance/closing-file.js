import { access } from 'node:fs/promises';

/** Time in milliseconds for which the result of the last check is used. */
const LOOK_AGAIN_MS = 500;

/**
 * A file that closes the site while it exists. It is looked up twice a second at most, regardless of the number of
 * requests.
 */
export class ClosingFile {
  #path;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** @type {Promise<boolean>} */
  #isThere = Promise.resolve(false);

  /** @param {string} path absolute path */
  constructor(path) {
    this.#path = path;
  }

  /** @returns {Promise<boolean>} */
  isThere() {
    const now = performance.now();
    if (now - this.#lookedAt >= LOOK_AGAIN_MS) {
      this.#lookedAt = now;
      this.#isThere = access(this.#path).then(
        () => true,
        () => false,
      );
    }
    return this.#isThere;
  }
}
