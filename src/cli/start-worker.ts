import type { Order } from '../process/messages.js';
import { strayDescriptors } from '../process/stray-descriptors.js';
import { catchSignalsEarly, closeUnrequestedDebugger, SERVER_SIGNALS } from './early-signals.js';
import { unexpected } from './unexpected.js';

/** Called by `worker.ts`. */
export async function startWorker(): Promise<void> {
  // The terminal sends signals (Ctrl-C, Ctrl-\, hangup) to the whole process group; the master decides what to do about
  // them.
  catchSignalsEarly('SIGINT', 'SIGQUIT', ...SERVER_SIGNALS);
  try {
    const order: Order = JSON.parse(process.env.WEBSERV_ORDER ?? '');
    // Scripts and plugins do not need it.
    delete process.env.WEBSERV_ORDER;
    const stray = strayDescriptors(order.inherited.map(({ descriptor }) => descriptor));
    const { runAsWorker } = await import('./run-as-worker.js');
    closeUnrequestedDebugger();
    await runAsWorker(order, stray);
  } catch (error) {
    // The program itself could not be loaded, or has a bug. The master reports this as the reason why the worker did
    // not start.
    process.send?.({ type: 'refused', report: `webserv: ${unexpected(error)}\n` }, () => process.exit(1));
  }
}
