import { readFile } from 'node:fs/promises';

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

/** A process as /proc shows it to everybody. */
export interface ProcessSeen {
  readonly name: string;
  /** One letter, `Z` for a zombie. */
  readonly state: string;
  readonly parent: number;
}

/** @returns undefined when it has ended, or is not to be seen */
export async function processOf(pid: number): Promise<ProcessSeen | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // `PID (NAME) STATE PARENT …`: the name may hold anything, brackets too.
  const close = text.lastIndexOf(')');
  if (close < 0) return undefined;
  const [state = '', parent] = text.slice(close + 2).split(' ');
  return { name: text.slice(text.indexOf('(') + 1, close), state, parent: Number(parent) };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
