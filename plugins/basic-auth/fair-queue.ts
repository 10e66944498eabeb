/**
 * Queue with a bounded line for each client. Clients with the fewest failed checks are served first, in turns: a client
 * with many requests waits for its own.
 */
export class FairQueue<Work> {
  readonly #lines = new Map<string, Work[]>();
  readonly #max: number;
  readonly #maxOfClient: number;
  readonly #missesOf: (client: string) => number;
  #size = 0;

  /** @param missesOf recent number of failed checks of a client */
  constructor(max: number, maxOfClient: number, missesOf: (client: string) => number) {
    this.#max = max;
    this.#maxOfClient = maxOfClient;
    this.#missesOf = missesOf;
  }

  /**
   * When the queue is full, the longest line loses its newest work; among equally long lines, that of the client with
   * the most failed checks. So clients with many requests cannot lock out a client with a single one.
   * @returns the work that was displaced: this one, or another client's; undefined when there was room
   */
  push(client: string, work: Work): Work | undefined {
    const line = this.#lines.get(client) ?? [];
    if (line.length >= this.#maxOfClient) return work;
    let displaced: Work | undefined;
    if (this.#size >= this.#max) {
      const longest = this.#longest();
      if (longest === undefined || !this.#goesBefore(client, line.length + 1, longest)) return work;
      displaced = this.#take(longest, 'newest');
    }
    line.push(work);
    this.#lines.set(client, line);
    this.#size += 1;
    return displaced;
  }

  /**
   * Removes the first work of the next client; among clients with equally few failed checks, it then goes to the end.
   */
  shift(): Work | undefined {
    let next: string | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const client of this.#lines.keys()) {
      const misses = this.#missesOf(client);
      if (misses >= fewest) continue;
      next = client;
      fewest = misses;
    }
    return next === undefined ? undefined : this.#take(next, 'first');
  }

  /** Inspects at most as many lines as the queue has places, and only when the queue is full. */
  #longest(): string | undefined {
    let longest: string | undefined;
    let length = 0;
    let misses = 0;
    for (const [client, line] of this.#lines) {
      if (line.length < length) continue;
      const own = this.#missesOf(client);
      if (line.length === length && own <= misses) continue;
      longest = client;
      length = line.length;
      misses = own;
    }
    return longest;
  }

  #goesBefore(client: string, length: number, longest: string): boolean {
    const other = this.#lines.get(longest)?.length ?? 0;
    return length < other || (length === other && this.#missesOf(client) < this.#missesOf(longest));
  }

  #take(client: string, which: 'first' | 'newest'): Work | undefined {
    const line = this.#lines.get(client);
    if (line === undefined) return undefined;
    const work = which === 'first' ? line.shift() : line.pop();
    this.#size -= 1;
    if (line.length === 0) this.#lines.delete(client);
    else if (which === 'first') {
      this.#lines.delete(client);
      this.#lines.set(client, line);
    }
    return work;
  }
}
