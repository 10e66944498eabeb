import { isDeepStrictEqual } from 'node:util';

/**
 * True for two values that were read from the same words: equal in all but their identity. Functions in them (a
 * template's) are made of what stands beside them, and not compared.
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
 * True for a value that says all it says by what is in it. One that is an object may be told apart by its identity
 * alone: a limit that all blocks count against which inherit it.
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
