/**
 * Work that waits, a bounded line for each client. The clients with the fewest misses come first, and take turns: a
 * client that asks for much waits for its own requests.
 */
export class FairQueue<Work> {
  readonly #lines = new Map<string, Work[]>();
  readonly #max: number;
  readonly #maxOfClient: number;
  readonly #missesOf: (client: string) => number;
  #size = 0;

  /** @param missesOf how often a client's work came to nothing of late */
  constructor(max: number, maxOfClient: number, missesOf: (client: string) => number) {
    this.#max = max;
    this.#maxOfClient = maxOfClient;
    this.#missesOf = missesOf;
  }

  /**
   * When the queue is full, the longest line loses its newest work; of lines as long, the one of the client with the
   * most misses. So many clients with many requests cannot keep one out that has a single request.
   * @returns the work that there is no room for: this one, or another client's; undefined when there is room
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

  /** The first work of the client whose turn it is; among clients with as few misses, its next turn is the last. */
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

  /** At most as many lines as the queue has places are looked at, and only when it is full. */
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
