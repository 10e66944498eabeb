import type { Directive, DirectiveUse } from '../../contract/directive.js';

/** A directive's value in a block, and the uses that gave it: none for its default. */
export interface Settled {
  readonly value: unknown;
  readonly uses: readonly DirectiveUse[];
}

const noUses: readonly DirectiveUse[] = [];

/**
 * Records where the values of a block come from while they are settled. Only the command line asks for it: a process that
 * serves has none.
 */
export class Provenance {
  readonly #outer: Provenance | undefined;
  readonly #own = new Map<string, Settled>();
  readonly #inner: Provenance[] = [];

  constructor(outer?: Provenance) {
    this.#outer = outer;
  }

  /** The blocks in this one that have directives of their own: servers, then locations, in the order they are compiled. */
  get inner(): readonly Provenance[] {
    return this.#inner;
  }

  /** Begins the next block in this one. */
  inside(): Provenance {
    const block = new Provenance(this);
    this.#inner.push(block);
    return block;
  }

  /** Records what a block's own uses come to. */
  note(name: string, row: Directive<unknown>, own: readonly DirectiveUse[], value: unknown): void {
    const uses = row.inheritance === 'merge' ? [...this.around(name, row).uses, ...own] : own;
    this.#own.set(name, { value, uses });
  }

  /** The value in effect in this block. */
  here(name: string, row: Directive<unknown>): Settled {
    return this.#own.get(name) ?? this.around(name, row);
  }

  /** The value that this block inherits. */
  around(name: string, row: Directive<unknown>): Settled {
    if (row.inheritance === 'none' || this.#outer === undefined) return { value: row.fallback, uses: noUses };
    return this.#outer.here(name, row);
  }
}
