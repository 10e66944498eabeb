import type { Slice } from './slice.js';

type Compare<Item> = (one: Item, other: Item) => number;

/** Items sorted in one uninterrupted run: some hundred comparisons. */
const RUN = 64;

/** Merge sort that yields to the event loop: 10,000 names take 100 ms. */
export async function sorted<Item>(
  items: readonly Item[],
  compare: Compare<Item>,
  slice: Slice,
): Promise<Item[]> {
  let runs: Item[][] = [];
  for (let start = 0; start < items.length; start += RUN) {
    if (slice.spent) await slice.next();
    runs.push(items.slice(start, start + RUN).sort(compare));
  }
  while (runs.length > 1) {
    const merged: Item[][] = [];
    for (let index = 0; index < runs.length; index += 2) {
      const [one = [], other] = runs.slice(index, index + 2);
      merged.push(other === undefined ? one : await merge(one, other, compare, slice));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function merge<Item>(
  one: readonly Item[],
  other: readonly Item[],
  compare: Compare<Item>,
  slice: Slice,
): Promise<Item[]> {
  const merged: Item[] = [];
  let next = 0;
  for (const item of one) {
    for (let rival = other[next]; rival !== undefined && compare(rival, item) < 0; rival = other[next]) {
      merged.push(rival);
      next += 1;
    }
    merged.push(item);
    if (merged.length % RUN === 0 && slice.spent) await slice.next();
  }
  return [...merged, ...other.slice(next)];
}

/** Keeps the first `limit` of any number of items by their order, in memory for twice the limit. */
export class FirstInOrder<Item> {
  readonly #limit: number;
  readonly #compare: Compare<Item>;
  readonly #slice: Slice;
  #kept: Item[] = [];
  /** Last item that would be kept so far; undefined until the limit is reached. */
  #last: Item | undefined;
  #complete = true;

  constructor(limit: number, compare: Compare<Item>, slice: Slice) {
    this.#limit = limit;
    this.#compare = compare;
    this.#slice = slice;
  }

  async add(item: Item): Promise<void> {
    if (this.#last !== undefined && this.#compare(item, this.#last) > 0) {
      this.#complete = false;
      return;
    }
    this.#kept.push(item);
    if (this.#kept.length >= 2 * this.#limit) await this.#cut();
  }

  /** @returns the first items in order, and whether these are all */
  async result(): Promise<{ readonly items: readonly Item[]; readonly complete: boolean }> {
    await this.#cut();
    return { items: this.#kept, complete: this.#complete };
  }

  async #cut(): Promise<void> {
    const all = await sorted(this.#kept, this.#compare, this.#slice);
    this.#kept = all.slice(0, this.#limit);
    if (all.length > this.#limit) this.#complete = false;
    if (all.length >= this.#limit) this.#last = this.#kept.at(-1);
  }
}
