import { readlinkSync } from 'node:fs';
import type { InheritedSocket } from './inherited-socket.js';

/** SD_LISTEN_FDS_START: the first descriptor after stdin, stdout and stderr. */
const FIRST_DESCRIPTOR = 3;
const MAX_SOCKETS = 256;

/**
 * Returns the listening sockets that a service manager opened for this process (sd_listen_fds(3)). Removes its
 * variables from the environment: they are for this process only.
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

/** If fewer sockets were passed than LISTEN_FDS says, the descriptors behind them are Node's own. */
function isSocket(descriptor: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('socket:');
  } catch {
    return false;
  }
}
