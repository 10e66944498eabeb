import type { Tap } from '../contract/hooks.js';

/**
 * Equal descriptions of taps as one object, and equal sets of methods as one: most of ten thousand routes have the same.
 * As large as what differs between the routes of a configuration.
 */
export class SharedTaps {
  readonly noMethods: ReadonlySet<string> = new Set();
  readonly #taps = new Map<string, Tap>();
  readonly #methods = new Map<string, ReadonlySet<string>>();

  tap(tap: Tap): Tap {
    const { plugin, hook, stage, methods } = tap;
    const key = `${plugin} ${hook} ${stage} ${methods === undefined ? '*' : methods.join()}`;
    const known = this.#taps.get(key);
    if (known !== undefined) return known;
    this.#taps.set(key, tap);
    return tap;
  }

  /** @param methods may name one more than once */
  methods(methods: readonly string[]): ReadonlySet<string> {
    const key = methods.join();
    const known = this.#methods.get(key);
    if (known !== undefined) return known;
    const set = new Set(methods);
    this.#methods.set(key, set);
    return set;
  }
}
