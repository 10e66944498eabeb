import { isDeepStrictEqual } from 'node:util';

/**
 * True for two values that were read from the same words: equal except for their identity. Functions in them (of a
 * template) are derived from the other properties and are not compared.
 */
export function isSameValue(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one === 'function') return typeof other === 'function';
  if (!isObject(one) || !isObject(other) || prototypeOf(one) !== prototypeOf(other)) return false;
  if (isCollection(one) && isCollection(other)) return areSame([...one], [...other]);
  if (prototypeOf(one) !== Object.prototype) return isDeepStrictEqual(one, other);
  return areSame(Object.entries(one).flat(), Object.entries(other).flat());
}

/**
 * True for a value that its content describes completely. An object may be significant by its identity: for instance a
 * limit that counts all blocks which inherit it.
 */
export function isPlainValue(value: unknown): boolean {
  if (!isObject(value)) return typeof value !== 'function';
  return isCollection(value) ? [...value].every(isPlainItem) : isTemplate(value);
}

function isPlainItem(item: unknown): boolean {
  if (!isObject(item) || prototypeOf(item) !== Object.prototype) return isPlainValue(item);
  return isTemplate(item) || Object.values(item).every(isPlainItem);
}

function areSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, index) => isSameValue(item, other[index]));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function prototypeOf(value: object): unknown {
  return Object.getPrototypeOf(value);
}

/** In the order of their items. */
function isCollection(
  value: object,
): value is readonly unknown[] | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> {
  return Array.isArray(value) || value instanceof Map || value instanceof Set;
}

function isTemplate(value: object): boolean {
  return 'source' in value && 'constant' in value && 'render' in value;
}
