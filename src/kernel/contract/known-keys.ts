import { nearest } from '../diagnostics/suggest.js';

/**
 * A key that is none of these would do nothing, and its author would not learn why.
 * @param what what has the keys, for the message: `plugin "gate"`
 * @throws TypeError
 */
export function checkKeys(what: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const meant = nearest(key, known);
    const hint = meant === undefined ? `expected one of ${known.join(', ')}` : `did you mean "${meant}"?`;
    throw new TypeError(`${what} has an unknown property "${key}": ${hint}`);
  }
}

/** @throws TypeError for a value that is not a plain object */
export function checkObject(what: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw new TypeError(
    `${what} must be an object, got ${Array.isArray(value) ? 'an array' : value === null ? 'null' : typeof value}`,
  );
}
