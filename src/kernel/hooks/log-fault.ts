import { HttpError } from '../http/errors.js';
import { PluginError } from '../http/plugin-error.js';
import { described } from '../http/tap-owner.js';
import type { Log } from '../log/log.js';
import { respondedBy, type TappedExchange } from './tapped-exchange.js';

/** Logs what went wrong with an exchange: its request, whose doing it was, and where in the code it happened. */
export function logFault(log: Log, exchange: TappedExchange, error: unknown): void {
  const { [respondedBy]: owner, route } = exchange.final;
  const isNamed = error instanceof PluginError || owner === undefined;
  logRequestFault(log, exchange.request, isNamed ? route.name : described(owner), error);
}

/** The same for a request that has no route, or for words of one's own about it. */
export function logRequestFault(
  log: Log,
  { method, target }: { readonly method: string; readonly target: string },
  where: string,
  error: unknown,
): void {
  const problem = error instanceof Error ? error : new Error(String(error));
  const stack = stackOf(problem);
  log.error(`${method} ${target} (${where}): ${problem.message}${stack === undefined ? '' : `\n${stack}`}`);
}

/**
 * The stack of an unintended exception. A deliberate rejection, and the wrapper that adds the plugin's name, have no
 * useful stack.
 */
function stackOf(problem: Error): string | undefined {
  const isWrapped = problem instanceof PluginError || problem instanceof HttpError;
  const thrown = isWrapped ? problem.cause : problem;
  return thrown instanceof Error ? thrown.stack : undefined;
}
