/** What a worker process runs: the master starts it, with where its configuration comes from in its environment. */
import { builtinPlugins } from '../builtin.js';
import type { Launch } from '../kernel/process/messages.js';
import { runWorker } from '../kernel/process/worker.js';

const launch: Launch = JSON.parse(process.env.WEBSERV_LAUNCH ?? '');
// Scripts and plugins do not need to know.
delete process.env.WEBSERV_LAUNCH;
await runWorker(launch, await builtinPlugins());
