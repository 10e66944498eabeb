/** What a worker process runs: the master starts it, with its order in its environment. */
import { builtinPlugins } from '../builtin.js';
import type { Order } from '../kernel/process/messages.js';
import { runWorker } from '../kernel/process/worker.js';
import { surviveLostReaders } from './terminal.js';

const order: Order = JSON.parse(process.env.WEBSERV_ORDER ?? '');
// Scripts and plugins do not need to know.
delete process.env.WEBSERV_ORDER;
surviveLostReaders();
await runWorker(order, await builtinPlugins());
