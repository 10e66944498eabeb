import { errorCode } from '../kernel/diagnostics/error-code.js';
import { processOf } from '../kernel/net/process-of.js';

/** Process title of a master. `ps` shows it, and the process that a pid file names is checked against it. */
export const MASTER_TITLE = 'webserv: master';
export const WORKER_TITLE = 'webserv: worker';
/** Process title of a standby worker: set up, waiting to replace a worker that ends. */
export const STANDBY_TITLE = 'webserv: standby';

/** Maximum length of a process name on Linux. The name is the beginning of the title. */
const NAME_LENGTH = 15;

/**
 * Kind of process that a pid file's number refers to. `other`: the system has reused the number for another program.
 */
export type Holder =
  | { readonly kind: 'master' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'other'; readonly name: string };

/** Finds the process with this id. Without /proc, any process that exists counts as a master. */
export async function holderOf(pid: number): Promise<Holder> {
  if (!exists(pid)) return { kind: 'gone' };
  if (process.platform !== 'linux') return { kind: 'master' };
  const seen = await processOf(pid);
  // A zombie has ended; its parent has not read its exit status yet.
  if (seen === undefined || seen.state === 'Z') return { kind: 'gone' };
  return seen.name === MASTER_TITLE.slice(0, NAME_LENGTH)
    ? { kind: 'master' }
    : { kind: 'other', name: seen.name };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists, and belongs to another user.
    return errorCode(error) === 'EPERM';
  }
}
