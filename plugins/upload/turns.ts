/**
 * One at a time for each key, in the order of asking. Between looking at a file and replacing it nobody else of this
 * process may replace it: two conditional requests would both be right, and one of them lost (RFC 9110 §13.1.1).
 */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }
}
