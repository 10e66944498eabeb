import { access } from 'node:fs/promises';

/** For how long, in milliseconds, it is taken for granted that a file is there, or not. */
const LOOK_AGAIN_MS = 500;

/** A file that closes the site by being there. However many requests come, it is looked for twice a second at most. */
export class ClosingFile {
  #path;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** @type {Promise<boolean>} */
  #isThere = Promise.resolve(false);

  /** @param {string} path absolute */
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
