import { ConfigError } from '../diagnostics/config-error.js';
import { HttpError } from './errors.js';
import { described, type TapOwner } from './tap-owner.js';

/** A bug in a plugin, with the plugin's name. The request gets 500; the server continues. */
export class PluginError extends Error {
  readonly owner: TapOwner;

  constructor(owner: TapOwner, problem: string, cause?: unknown) {
    super(`${described(owner)}: ${problem}`, cause === undefined ? {} : { cause });
    this.name = 'PluginError';
    this.owner = owner;
  }
}

/**
 * Attributes an exception to its plugin. HttpError passes unchanged; any other exception is a bug in the plugin and
 * gets its name.
 */
export function attributed(owner: TapOwner, error: unknown): Error {
  if (error instanceof HttpError || error instanceof PluginError) return error;
  if (error instanceof ConfigError && owner.hook === 'onConfig') return error;
  try {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    return new PluginError(owner, String(message), stack === undefined ? undefined : error);
  } catch {
    // Any value can be thrown, even one whose properties throw when they are read.
    return new PluginError(owner, 'threw a value that cannot be converted to text');
  }
}
