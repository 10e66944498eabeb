import { LRUCache } from 'lru-cache';

/** Maximum number of clients, about 2 MB. Beyond that, the client with the oldest failed check is forgotten. */
const MAX_CLIENTS = 10_000;
/** Milliseconds in which a count halves. */
const HALF_LIFE_MS = 60_000;

interface Count {
  readonly count: number;
  /** By `performance.now()`. */
  readonly at: number;
}

function decayed({ count, at }: Count, now: number): number {
  return count * 0.5 ** ((now - at) / HALF_LIFE_MS);
}

/** Recent number of wrong or unchecked passwords of each client. */
export class Misses {
  readonly #counts = new LRUCache<string, Count>({ max: MAX_CLIENTS });

  add(client: string): void {
    const now = performance.now();
    this.#counts.set(client, { count: this.of(client, now) + 1, at: now });
  }

  of(client: string, now = performance.now()): number {
    const known = this.#counts.peek(client);
    return known === undefined ? 0 : decayed(known, now);
  }
}
