import type { Exchange } from './exchange.js';
import type { Log } from './log.js';

/** Logs what went wrong with an exchange: its request, its route, and where in the code it happened. */
export function logFault(log: Log, { request, route }: Exchange, error: unknown): void {
  const problem = error instanceof Error ? error : new Error(String(error));
  const stack = problem.cause instanceof Error ? problem.cause.stack : undefined;
  const { method, target } = request;
  log.error(
    `${method} ${target} (${route.name}): ${problem.message}${stack === undefined ? '' : `\n${stack}`}`,
  );
}
