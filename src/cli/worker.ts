/** What a worker process runs: the master starts it, with its order in its environment. */
import type { Order } from '../kernel/process/messages.js';
import { closeUnaskedDebugger, takeSignalsEarly } from './early-signals.js';

// What is typed at a terminal (Ctrl-C, Ctrl-\) goes to the whole process group, and the end of it too; the master decides.
takeSignalsEarly('SIGINT', 'SIGQUIT', 'SIGHUP');
const [{ builtinPlugins }, { runWorker }, { surviveLostReaders }] = await Promise.all([
  import('../builtin.js'),
  import('../kernel/process/worker.js'),
  import('./terminal.js'),
]);
closeUnaskedDebugger();

const order: Order = JSON.parse(process.env.WEBSERV_ORDER ?? '');
// Scripts and plugins do not need to know.
delete process.env.WEBSERV_ORDER;
surviveLostReaders();
await runWorker(order, await builtinPlugins());
