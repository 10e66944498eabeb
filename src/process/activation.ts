import { readlinkSync } from 'node:fs';
import type { InheritedSocket } from './inherited-socket.js';

/** SD_LISTEN_FDS_START: behind stdin, stdout and stderr. */
const FIRST_DESCRIPTOR = 3;
const MAX_SOCKETS = 256;

/**
 * The listening sockets a service manager has opened for this process (sd_listen_fds(3)). The variables are taken away:
 * they are for this process alone.
 */
export function takeInheritedSockets(environment: NodeJS.ProcessEnv): readonly InheritedSocket[] {
  const { LISTEN_PID: pid, LISTEN_FDS: count = '', LISTEN_FDNAMES: names = '' } = environment;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete environment[name];
  if (pid !== String(process.pid) || !/^\d{1,4}$/.test(count)) return [];
  const called = names.split(':');
  return Array.from({ length: Math.min(Number(count), MAX_SOCKETS) }, (_, index) => ({
    descriptor: FIRST_DESCRIPTOR + index,
    name: called[index] || `descriptor ${FIRST_DESCRIPTOR + index}`,
  })).filter(({ descriptor }) => isSocket(descriptor));
}

/** Where fewer were handed over than is said, the numbers behind them are Node's own. */
function isSocket(descriptor: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('socket:');
  } catch {
    return false;
  }
}
