import { type Diagnostic, formatPlace } from '../diagnostics/diagnostic.js';
import { PluginError } from '../http/plugin-error.js';
import { ListenError } from '../net/listener.js';

/**
 * The reason why a server cannot start, in one line if possible. The errors of a ConfigError are rendered separately.
 */
export function startFailure(error: unknown): string {
  if (error instanceof ListenError) {
    const { place } = error.listen;
    return place === undefined ? error.message : `${formatPlace(place)}: ${error.message}`;
  }
  // It names the plugin, the hook and the route; where in the plugin is in what it was caused by.
  if (error instanceof PluginError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** `2 errors, 1 warning`. */
export function counted(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const parts = errors === 0 ? [] : [count(errors, 'error')];
  if (warnings > 0) parts.push(count(warnings, 'warning'));
  return parts.join(', ');
}

/** `1 server`, `2 servers`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
