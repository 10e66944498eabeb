import { readdir, readFile } from 'node:fs/promises';

/** Maximum descriptors reserved for files, scripts and sockets of plugins, one per connection up to this number. */
const MAX_RESERVE = 1024;
/** Maximum clients that get a "too many connections" response at the same time. */
const MAX_TURNED_AWAY = 256;

/** How many connections the process's descriptor limit permits. */
export interface ConnectionBudget {
  readonly connections: number;
  /** Maximum further clients that get a 503 response; beyond them, connections are closed without a response. */
  readonly turnedAway: number;
  /** Why the number is lower than requested; undefined if it is not. */
  readonly lowered: string | undefined;
}

/**
 * Computes the limit. Without spare descriptors, a server accepts connections whose files it cannot open; with none
 * left, it cannot even accept a connection to reject it.
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
        : `max_connections ${wanted} is lowered to ${connections}: the process may open ${limit} descriptors ` +
          `(ulimit -n), ${used} are in use and ${reserve} are reserved for files and scripts`,
  };
}

/** Node raises the soft limit to the hard limit at its start. Infinity if the limit is unknown. */
async function descriptorLimit(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

async function descriptorsInUse(): Promise<number> {
  return (await readdir('/proc/self/fd').catch(() => [])).length;
}
