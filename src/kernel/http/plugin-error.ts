import { ConfigError } from '../diagnostics/config-error.js';
import { HttpError } from './errors.js';
import { described, type TapOwner } from './tap-owner.js';

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
export function attributed(owner: TapOwner, error: unknown): Error {
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
