const identities = new WeakMap<object, number>();
let count = 0;

function identity(value: object): string {
  let known = identities.get(value);
  if (known === undefined) {
    count += 1;
    known = count;
    identities.set(value, known);
  }
  return `#${known}`;
}

function entriesKey(entries: Iterable<readonly [unknown, unknown]>): string {
  return Array.from(entries, ([name, value]) => `${optionKey(name)}:${optionKey(value)}`).join();
}

/**
 * A string that is the same for two directive values exactly when they are equal: by their contents where they are plain
 * (text, numbers, lists, maps), by identity otherwise (a function, a template). Values that a block inherits are identical.
 */
export function optionKey(value: unknown): string {
  if (typeof value === 'function') return identity(value);
  if (typeof value !== 'object' || value === null) return `${typeof value} ${JSON.stringify(value)}`;
  if (Array.isArray(value)) return `[${value.map(optionKey).join()}]`;
  if (value instanceof Map) return `map(${entriesKey(value)})`;
  if (value instanceof Set) return `set(${Array.from(value, optionKey).join()})`;
  return Object.getPrototypeOf(value) === Object.prototype
    ? `{${entriesKey(Object.entries(value))}}`
    : identity(value);
}
