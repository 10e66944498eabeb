import net from 'node:net';
import { isRoot } from '../kernel/rights/account.js';

const NOT_PERMITTED = -13;
/** Lower ports need root's rights. */
const FIRST_FREE_PORT = 1024;

/**
 * Keeps workers from using the master's rights to bind. `node:cluster` passes every `listen` of a plugin in a worker to
 * the master, which runs as root: a worker could have it create and delete socket files anywhere, take any port, and
 * pass it descriptors. Only what any user may do stays possible: ports above 1023. The addresses of the configuration
 * do not come this way.
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
