import { reasonOf } from '../../diagnostics/findings.js';

/** A value as JSON, or why it has none. */
export type JsonOf =
  | { readonly json: string; readonly problem?: undefined }
  | { readonly json?: undefined; readonly problem: string };

/** Values that JSON.stringify would silently omit or convert are errors here. */
export function jsonOf(value: object): JsonOf {
  // The names that lead to each object: the message has them all.
  const names = new Map<unknown, string>();
  try {
    const json = JSON.stringify(
      value,
      function check(this: unknown, key: string, inner: unknown): unknown {
        const outer = names.get(this);
        const name = outer === undefined || outer === '' ? key : `${outer}.${key}`;
        if (typeof inner === 'object' && inner !== null) names.set(inner, name);
        const problem = problemOf(inner);
        if (problem === undefined) return inner;
        throw new TypeError(name === '' ? `it is ${problem}` : `"${name}" is ${problem}`);
      },
      2,
    );
    return { json };
  } catch (error) {
    return { problem: reasonOf(error) };
  }
}

function problemOf(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `the number ${value}`;
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
    return `a ${typeof value}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (value instanceof Promise) return 'a promise: await it';
  const prototype: unknown = Object.getPrototypeOf(value);
  // A module's exports have none; an object of another realm has an Object.prototype of its own.
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return isPlain
    ? undefined
    : `a ${value.constructor.name}: only plain objects and lists can be written down`;
}
