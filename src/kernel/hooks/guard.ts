import type { VariableDefinition } from '../contract/variables.js';
import { ConfigError, HttpError } from '../http/errors.js';
import type { Patience } from './tap-timeout.js';

/** Whose function runs, for every message about it. */
export interface TapOwner {
  readonly plugin: string;
  readonly hook: string;
  /** The route's name and configuration line; undefined for a server-wide hook. */
  readonly route: string | undefined;
}

/** As messages name it. */
export function described({ plugin, hook, route }: TapOwner): string {
  return `plugin "${plugin}", ${hook}${route === undefined ? '' : ` for ${route}`}`;
}

/** A plugin's fault, with the plugin's name on it. The request gets 500; everything else goes on. */
export class PluginError extends Error {
  readonly owner: TapOwner;

  constructor(owner: TapOwner, problem: string, cause?: unknown) {
    super(`${described(owner)}: ${problem}`, cause === undefined ? {} : { cause });
    this.name = 'PluginError';
    this.owner = owner;
  }
}

/** Answers a plugin meant to give pass; anything else it throws is its fault and gets its name. */
function attributed(owner: TapOwner, error: unknown): Error {
  if (error instanceof HttpError || error instanceof PluginError) return error;
  if (error instanceof ConfigError && owner.hook === 'onConfig') return error;
  try {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    return new PluginError(owner, String(message), stack === undefined ? undefined : error);
  } catch {
    // Anything can be thrown, and be made so that it throws itself when it is looked at.
    return new PluginError(owner, 'threw something that cannot be shown');
  }
}

/** A variable of a plugin, whose value is asked for while another plugin renders it. */
export function guardedVariable(
  plugin: string,
  name: string,
  definition: VariableDefinition,
): VariableDefinition {
  return {
    help: definition.help,
    value: (exchange) => {
      try {
        const value = definition.value?.(exchange);
        return value === undefined ? undefined : String(value);
      } catch (error) {
        throw attributed({ plugin, hook: `$${name}`, route: exchange.route.name }, error);
      }
    },
  };
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** What becomes of a tap's call; what it was called with tells for whom. */
export interface Check<Args extends readonly unknown[], Answer> {
  /** Looks at what it answered. @throws PluginError */
  answered(owner: TapOwner, answer: Answer, args: Args): Answer;
  /** It threw. */
  failed?(owner: TapOwner, args: Args): void;
}

/**
 * Wraps a function given to `tap()`. An async function there would be taken for an answer by tapable and its
 * rejection lost, so it is refused: when tapped if its kind shows, when it returns a promise otherwise.
 */
export function guarded<Args extends readonly unknown[], Answer>(
  owner: TapOwner,
  fn: (...args: Args) => Answer,
  check: Check<Args, Answer>,
): (...args: Args) => Answer {
  checkFunction(owner, fn);
  if (fn.constructor.name === 'AsyncFunction') {
    throw new PluginError(owner, 'tap() takes a plain function; use tapPromise() for an async one');
  }
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
 * Wraps a function given to `tapPromise()`. A synchronous throw becomes a rejection: tapable 2.3 would leave the
 * hook's caller waiting for ever. So would a promise that is never settled: it is given up.
 */
export function guardedPromise<Args extends readonly unknown[], Answer>(
  owner: TapOwner,
  fn: (...args: Args) => Promise<Answer>,
  check: Check<Args, Answer>,
  limit: Limit<Args, Answer> | undefined,
): (...args: Args) => Promise<Answer> {
  checkFunction(owner, fn);
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

/** The types say so; JavaScript may not. @throws PluginError */
function checkFunction(owner: TapOwner, fn: unknown): void {
  if (typeof fn !== 'function') throw new PluginError(owner, 'a tap takes its options, then a function');
}

/** How long a tap may take. */
export interface Limit<Args extends readonly unknown[], Answer> {
  readonly patience: Patience;
  /** @see Work.progress */
  progress(args: Args): unknown;
  /** The tap is waited for no longer. */
  abandon(args: Args): void;
  /** What it answered all the same, later. */
  late(answer: Answer): void;
}

function bounded<Args extends readonly unknown[], Answer>(
  owner: TapOwner,
  fn: (...args: Args) => Promise<Answer>,
  { patience, progress, abandon, late }: Limit<Args, Answer>,
): (...args: Args) => Promise<Answer> {
  const problem = `no answer within ${patience.limitMs / 1000} s (plugin_timeout)`;
  return (...args) =>
    new Promise((resolve, reject) => {
      // Plain JavaScript may give the answer itself, or some other library's promise.
      const answering = Promise.resolve(fn(...args));
      const finish = patience.begin({
        progress: () => progress(args),
        giveUp: () => {
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
