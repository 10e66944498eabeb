import { builtinPlugins, publicEntries } from '../builtin.js';
import { takeWorkingDirectory } from '../kernel/diagnostics/working-directory.js';
import type { Order } from '../process/messages.js';
import { runWorker } from '../process/worker.js';
import { ignoreOutputErrors } from './terminal.js';

/** The part of a worker that needs the whole server; `start-worker.ts` imports it after signals are handled. */
export function runAsWorker(order: Order, stray: readonly number[]): Promise<void> {
  ignoreOutputErrors();
  takeWorkingDirectory(order.workingDirectory);
  return runWorker(order, { builtins: builtinPlugins(), entries: publicEntries() }, stray);
}
