import { errorCode } from '../kernel/diagnostics/error-code.js';
import { processOf } from '../kernel/net/process-of.js';

/** What a master calls itself: `ps` shows it, and the pid file's number is checked against it. */
export const MASTER_TITLE = 'webserv: master';
export const WORKER_TITLE = 'webserv: worker';
/** Of one that is set up and waits to take another's place. */
export const STANDBY_TITLE = 'webserv: standby';

/** A process's name has at most so many characters on Linux; the title begins with it. */
const NAME_LENGTH = 15;

/** What a process id of a pid file stands for. `other`: the system has given the number to another program. */
export type Holder =
  | { readonly kind: 'master' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'other'; readonly name: string };

/** Whose process it is. Without /proc, a process that is there counts as a master. */
export async function holderOf(pid: number): Promise<Holder> {
  if (!exists(pid)) return { kind: 'gone' };
  if (process.platform !== 'linux') return { kind: 'master' };
  const seen = await processOf(pid);
  // A zombie is only a number that its parent has not asked for yet.
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
    // EPERM: it is there, and somebody else's.
    return errorCode(error) === 'EPERM';
  }
}
