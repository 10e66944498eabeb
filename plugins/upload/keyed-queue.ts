interface Line {
  /** Number of tasks, the first one included, since the key was last free. */
  count: number;
  last: Promise<unknown>;
}

/** Runs one task at a time for each key, in order of arrival. */
export class KeyedQueue {
  readonly #lines = new Map<string, Line>();

  /** @param work gets the number of tasks for the key before it since the key was last free */
  async take<T>(key: string, work: (position: number) => Promise<T>): Promise<T> {
    const line = this.#lines.get(key) ?? { count: 0, last: Promise.resolve() };
    const position = line.count;
    const run = (): Promise<T> => work(position);
    const turn = line.last.then(run, run);
    line.count += 1;
    line.last = turn;
    this.#lines.set(key, line);
    try {
      return await turn;
    } finally {
      if (line.last === turn) this.#lines.delete(key);
    }
  }
}
