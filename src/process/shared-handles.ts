import net from 'node:net';
import { isRoot } from '../kernel/rights/account.js';

const NOT_PERMITTED = -13;
/** Ports below it are root's to give away. */
const FIRST_FREE_PORT = 1024;

/**
 * Keeps workers from having the master bind what their user may not. In a worker, `node:cluster` passes every `listen` of a
 * plugin on to the master, which is root: by that a worker could have it create and delete socket files anywhere, take any
 * port, and hand over its own descriptors. What any user may do is still done: ports above 1023. The addresses of the
 * configuration do not come this way.
 * @param isLimited whether workers have fewer rights than this process
 */
export function limitSharedHandles(isLimited: () => boolean): void {
  const create: unknown = Reflect.get(net, '_createServerHandle');
  if (!isRoot() || typeof create !== 'function') return;
  const limited = (address: unknown, port: unknown, type: unknown, fd: unknown, flags: unknown): unknown => {
    if (!isLimited()) return Reflect.apply(create, net, [address, port, type, fd, flags]);
    const isFree = typeof port === 'number' && (port === 0 || port >= FIRST_FREE_PORT);
    const isDescriptor = typeof fd === 'number' && fd >= 0;
    if (!isFree || isDescriptor) return NOT_PERMITTED;
    return Reflect.apply(create, net, [address, port, type, undefined, flags]);
  };
  Reflect.set(net, '_createServerHandle', limited);
}
