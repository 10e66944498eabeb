import { ConfigError, HttpError } from './errors.js';
import type { Response } from './message.js';
import type { Patience } from './patience.js';
import type { VariableDefinition } from './variables.js';

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
  if (error instanceof HttpError || error instanceof ConfigError || error instanceof PluginError)
    return error;
  const problem = error instanceof Error ? error.message : String(error);
  return new PluginError(owner, problem, error);
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

/** True for a value with a status that can be sent. Its header fields are checked when they are written. */
export function isResponse(value: unknown): value is Response {
  if (typeof value !== 'object' || value === null || !('status' in value)) return false;
  const { status } = value;
  return typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599;
}

/** Looks at what a tap answered: what it was called with tells what for. @throws PluginError */
export type Check<Args extends readonly unknown[], Answer> = (
  owner: TapOwner,
  answer: Answer,
  args: Args,
) => Answer;

/**
 * Wraps a function given to `tap()`. An async function there would be taken for an answer by tapable and its
 * rejection lost, so it is refused: when tapped if its kind shows, when it returns a promise otherwise.
 */
export function guarded<Args extends readonly unknown[], Answer>(
  owner: TapOwner,
  fn: (...args: Args) => Answer,
  check: Check<Args, Answer>,
): (...args: Args) => Answer {
  if (fn.constructor.name === 'AsyncFunction') {
    throw new PluginError(owner, 'tap() takes a plain function; use tapPromise() for an async one');
  }
  return (...args) => {
    try {
      const answer = fn(...args);
      if (isThenable(answer)) throw new PluginError(owner, 'tap() got a promise back; use tapPromise()');
      return check(owner, answer, args);
    } catch (error) {
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
  const call = limit === undefined ? fn : bounded(owner, fn, limit);
  return async (...args) => {
    try {
      return check(owner, await call(...args), args);
    } catch (error) {
      throw attributed(owner, error);
    }
  };
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
      const answering = fn(...args);
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
