import { HttpError } from '../http/errors.js';
import { attributed, PluginError } from '../http/plugin-error.js';
import { described, type TapOwner } from '../http/tap-owner.js';
import type { TimeoutGroup } from './tap-timeout.js';

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Handles the result of a call of a tap; the arguments identify the exchange. */
export interface Check<Args extends readonly unknown[], Answer> {
  /** Checks the result. @throws PluginError */
  answered(owner: TapOwner, answer: Answer, args: Args): Answer;
  /** It threw. */
  failed?(owner: TapOwner, args: Args): void;
}

/**
 * Wraps a function given to `tap()`. tapable would take the promise of an async function for a result and lose its
 * rejection, so such a function is rejected: when it is tapped if its kind shows, otherwise when it returns a promise.
 */
export function guarded<Args extends readonly unknown[], Answer>(
  owner: TapOwner,
  fn: (...args: Args) => Answer,
  check: Check<Args, Answer>,
): (...args: Args) => Answer {
  checkPlainFunction(() => owner, fn);
  return (...args) => {
    try {
      const answer = fn(...args);
      if (isThenable(answer)) throw new PluginError(owner, 'tap() got a promise back; use tapPromise()');
      return check.answered(owner, answer, args);
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
export function guardedPromise<Args extends readonly unknown[], Answer>(
  owner: TapOwner,
  fn: (...args: Args) => Promise<Answer>,
  check: Check<Args, Answer>,
  limit: Limit<Args, Answer> | undefined,
): (...args: Args) => Promise<Answer> {
  checkPromisedFunction(() => owner, fn);
  const call = limit === undefined ? fn : bounded(owner, fn, limit);
  return async (...args) => {
    try {
      return check.answered(owner, await call(...args), args);
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
export interface Limit<Args extends readonly unknown[], Answer> {
  readonly timeoutGroup: TimeoutGroup;
  /** @see Work.progress */
  progress(args: Args): unknown;
  /** The tap is waited for no longer. */
  abandon(args: Args): void;
  /** Called with a result that arrives after the timeout. */
  late(answer: Answer): void;
}

function bounded<Args extends readonly unknown[], Answer>(
  owner: TapOwner,
  fn: (...args: Args) => Promise<Answer>,
  { timeoutGroup, progress, abandon, late }: Limit<Args, Answer>,
): (...args: Args) => Promise<Answer> {
  const problem = `no response within ${timeoutGroup.limitMs / 1000} s (plugin_timeout)`;
  return (...args) =>
    new Promise((resolve, reject) => {
      // Plain JavaScript may return the result itself, or the promise of another library.
      const answering = Promise.resolve(fn(...args));
      const finish = timeoutGroup.begin({
        progress: () => progress(args),
        onTimeout: () => {
          reject(new HttpError(504, { reason: `${described(owner)}: ${problem}` }));
          abandon(args);
        },
      });
      answering.then(
        (answer) => (finish() ? resolve(answer) : late(answer)),
        (error) => finish() && reject(error),
      );
    });
}
