import type { Order } from '../process/messages.js';
import { strayDescriptors } from '../process/stray-descriptors.js';
import { closeUnaskedDebugger, SERVER_SIGNALS, takeSignalsEarly } from './early-signals.js';
import { unexpected } from './unexpected.js';

/** What `worker.ts` runs. */
export async function startWorker(): Promise<void> {
  // What is typed at a terminal (Ctrl-C, Ctrl-\) goes to the whole process group, and the end of it too; the master decides.
  takeSignalsEarly('SIGINT', 'SIGQUIT', ...SERVER_SIGNALS);
  try {
    const order: Order = JSON.parse(process.env.WEBSERV_ORDER ?? '');
    // Scripts and plugins do not need to know.
    delete process.env.WEBSERV_ORDER;
    const stray = strayDescriptors(order.inherited.map(({ descriptor }) => descriptor));
    const [
      { builtinPlugins, publicEntries },
      { runWorker },
      { takeWorkingDirectory },
      { surviveLostReaders },
    ] = await Promise.all([
      import('../builtin.js'),
      import('../process/worker.js'),
      import('../kernel/diagnostics/working-directory.js'),
      import('./terminal.js'),
    ]);
    closeUnaskedDebugger();

    surviveLostReaders();
    takeWorkingDirectory(order.workingDirectory);
    const own = { builtins: await builtinPlugins(), entries: await publicEntries() };
    await runWorker(order, own, stray);
  } catch (error) {
    // The program itself could not be loaded, or has a bug: the master reports it as why there is no worker.
    process.send?.({ type: 'refused', report: `webserv: ${unexpected(error)}\n` }, () => process.exit(1));
  }
}
