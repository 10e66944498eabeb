import type { OptionValues } from '../../contract/directive.js';

type Primitive = string | number | boolean | bigint | symbol | null | undefined;

function isPrimitive(value: unknown): value is Primitive {
  return (typeof value !== 'object' || value === null) && typeof value !== 'function';
}

/**
 * Stores equal option values only once: a thousand servers with the same twenty locations hold twenty sets of options.
 * Only lists of plain values are compared by content. Any other object may be significant by its identity, such as a
 * limit that counts all blocks which inherit it.
 */
export class SharedOptions {
  readonly #lists = new Map<string, readonly unknown[]>();
  readonly #options = new Map<string, OptionValues>();
  readonly #tables = new Map<string, ReadonlyMap<string, OptionValues>>();
  readonly #numbers = new Map<unknown, number>();

  /** The same value, or an equal one that another block has. */
  value(value: unknown): unknown {
    if (!Array.isArray(value) || !value.every(isPrimitive)) return value;
    return shared(this.#lists, this.#keyOf(value), () => value);
  }

  /** A plugin's options with some of them changed. */
  options(around: OptionValues, changed: OptionValues): OptionValues {
    const key = this.#keyOf([around, ...Object.entries(changed).flat()]);
    return shared(this.#options, key, () => Object.freeze({ ...around, ...changed }));
  }

  /** The options of all plugins with some of them changed. */
  table(
    around: ReadonlyMap<string, OptionValues>,
    changes: ReadonlyMap<string, OptionValues>,
  ): ReadonlyMap<string, OptionValues> {
    const key = this.#keyOf([around, ...[...changes].flat()]);
    return shared(this.#tables, key, () => new Map([...around, ...changes]));
  }

  /** Equal for the same values, each by its identity. */
  #keyOf(values: readonly unknown[]): string {
    return values.map((value) => shared(this.#numbers, value, () => this.#numbers.size)).join();
  }
}

function shared<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = known.get(key);
  if (found !== undefined) return found;
  const value = make();
  known.set(key, value);
  return value;
}
