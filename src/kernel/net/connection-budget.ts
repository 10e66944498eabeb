import { readdir, readFile } from 'node:fs/promises';

/** Kept for files, scripts and sockets of plugins: one for each connection, up to so many. */
const MAX_RESERVE = 1024;
/** Clients that are told that there are too many, at once. */
const MAX_TURNED_AWAY = 256;

/** How many connections fit into what the system lets this process have open. */
export interface ConnectionBudget {
  readonly connections: number;
  /** Beyond them, clients that are told so at once; any more are closed without a word. */
  readonly turnedAway: number;
  /** Why it is less than what was asked for; undefined when it is not. */
  readonly lowered: string | undefined;
}

/**
 * Without descriptors to spare, a server takes connections whose files it cannot open; with none at all, it cannot even
 * take a connection to refuse it.
 * @param wanted `max_connections`
 */
export async function connectionBudget(wanted: number): Promise<ConnectionBudget> {
  const [limit, used] = await Promise.all([descriptorLimit(), descriptorsInUse()]);
  const left = Math.max(0, limit - used);
  const reserve = Math.min(Math.ceil(left / 2), MAX_RESERVE);
  const connections = Math.max(1, Math.min(wanted, left - reserve));
  return {
    connections,
    turnedAway: Math.min(MAX_TURNED_AWAY, Math.floor(reserve / 4)),
    lowered:
      connections === wanted
        ? undefined
        : `max_connections ${wanted} is lowered to ${connections}: a process may have ${limit} descriptors here ` +
          `(ulimit -n), ${used} are in use and ${reserve} are kept for files and scripts`,
  };
}

/** Node raises the soft limit to the hard one as it starts. Infinity where it cannot be told. */
async function descriptorLimit(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

async function descriptorsInUse(): Promise<number> {
  return (await readdir('/proc/self/fd').catch(() => [])).length;
}
