/** Problems by kind, each with one example and the number of its occurrences. */
export class Findings {
  readonly #kinds = new Map<string, { readonly example: string; times: number }>();

  get kinds(): number {
    return this.#kinds.size;
  }

  add(kind: string, example: string): void {
    const known = this.#kinds.get(kind);
    if (known === undefined) this.#kinds.set(kind, { example, times: 1 });
    else known.times += 1;
  }

  /** Lists the most frequent kinds first. */
  report(most: number): string {
    const sorted = [...this.#kinds].toSorted(([, a], [, b]) => b.times - a.times);
    const shown = sorted
      .slice(0, most)
      .map(([kind, { example, times }]) => `${times} × ${kind}\n${example}\n`);
    return [...shown, ...(sorted.length > most ? [`and ${sorted.length - most} more kinds\n`] : [])].join(
      '\n',
    );
  }
}

/** Counts occurrences by key. */
export class Counts<Key extends string | number> {
  readonly #counts = new Map<Key, number>();

  add(key: Key): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  of(key: Key): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Formats like `200: 17, 404: 3`. */
  toString(): string {
    const sorted = [...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([key, times]) => `${key}: ${times}`).join(', ');
  }
}
