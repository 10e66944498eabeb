import { HttpError } from '../http/errors.js';
import { attributed, PluginError } from '../http/plugin-error.js';
import { described, type TapOwner } from '../http/tap-owner.js';
import type { TimeoutGroup } from './tap-timeout.js';

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Handles the result of a call of a tap; the arguments identify the exchange. */
export interface Check<Args extends readonly unknown[], Result> {
  /** Checks the result. @throws PluginError */
  returned(owner: TapOwner, result: Result, args: Args): Result;
  /** It threw. */
  failed?(owner: TapOwner, args: Args): void;
}

/**
 * Wraps a function given to `tap()`. tapable would take the promise of an async function for a result and lose its
 * rejection, so such a function is rejected: when it is tapped if its kind shows, otherwise when it returns a promise.
 */
export function guarded<Args extends readonly unknown[], Result>(
  owner: TapOwner,
  fn: (...args: Args) => Result,
  check: Check<Args, Result>,
): (...args: Args) => Result {
  checkPlainFunction(() => owner, fn);
  return (...args) => {
    try {
      const result = fn(...args);
      if (isThenable(result)) throw new PluginError(owner, 'tap() got a promise back; use tapPromise()');
      return check.returned(owner, result, args);
    } catch (error) {
      check.failed?.(owner, args);
      throw attributed(owner, error);
    }
  };
}

/**
 * Wraps a function given to `tapPromise()`. A synchronous throw becomes a rejection: tapable 2.3 would leave the hook's
 * caller waiting without end. A promise that never settles has the same effect, so it is given up after the timeout.
 */
export function guardedPromise<Args extends readonly unknown[], Result>(
  owner: TapOwner,
  fn: (...args: Args) => Promise<Result>,
  check: Check<Args, Result>,
  limit: Limit<Args, Result> | undefined,
): (...args: Args) => Promise<Result> {
  checkPromisedFunction(() => owner, fn);
  const call = limit === undefined ? fn : bounded(owner, fn, limit);
  return async (...args) => {
    try {
      return check.returned(owner, await call(...args), args);
    } catch (error) {
      check.failed?.(owner, args);
      throw attributed(owner, error);
    }
  };
}

/** Checks what `tapPromise()` was given: the types require a function, JavaScript does not. @throws PluginError */
export function checkPromisedFunction(owner: () => TapOwner, fn: unknown): void {
  if (typeof fn !== 'function') throw new PluginError(owner(), 'a tap takes its options, then a function');
}

/** Checks what `tap()` was given. @throws PluginError for an async function, too */
export function checkPlainFunction(owner: () => TapOwner, fn: unknown): void {
  checkPromisedFunction(owner, fn);
  if (typeof fn === 'function' && fn.constructor.name === 'AsyncFunction') {
    throw new PluginError(owner(), 'tap() takes a plain function; use tapPromise() for an async one');
  }
}

/** How long a tap may take. */
export interface Limit<Args extends readonly unknown[], Result> {
  readonly timeoutGroup: TimeoutGroup;
  /** @see Work.progress */
  progress(args: Args): unknown;
  /** The tap is waited for no longer. */
  abandon(args: Args): void;
  /** Called with a result that arrives after the timeout. */
  late(result: Result): void;
}

function bounded<Args extends readonly unknown[], Result>(
  owner: TapOwner,
  fn: (...args: Args) => Promise<Result>,
  { timeoutGroup, progress, abandon, late }: Limit<Args, Result>,
): (...args: Args) => Promise<Result> {
  const problem = `no response within ${timeoutGroup.limitMs / 1000} s (plugin_timeout)`;
  return (...args) =>
    new Promise((resolve, reject) => {
      // Plain JavaScript may return the result itself, or the promise of another library.
      const running = Promise.resolve(fn(...args));
      const finish = timeoutGroup.begin({
        progress: () => progress(args),
        onTimeout: () => {
          reject(new HttpError(504, { reason: `${described(owner)}: ${problem}` }));
          abandon(args);
        },
      });
      running.then(
        (result) => (finish() ? resolve(result) : late(result)),
        (error) => finish() && reject(error),
      );
    });
}
