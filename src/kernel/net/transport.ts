import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * What a connection works over: a TCP or UNIX socket, or what behaves like one (half-open: our end stays when the
 * client ends its own).
 */
export type Transport = Duplex &
  Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'> & {
    /** Has the system ask, after so many idle milliseconds, whether the other end is there still. */
    setKeepAlive(enable: boolean, initialDelayMs: number): unknown;
    /** Ends it so that the other end learns that something is lost. */
    resetAndDestroy(): unknown;
  };

/**
 * Bytes that were written and that the system has not taken yet. A large write is taken in parts, of which a stream says
 * nothing before the last; Node's own socket timeouts look at the same number.
 */
export function untakenBytes(transport: Transport): number {
  const handle: unknown = Reflect.get(transport, '_handle');
  if (typeof handle !== 'object' || handle === null || !('writeQueueSize' in handle)) {
    return transport.writableLength;
  }
  return typeof handle.writeQueueSize === 'number' ? handle.writeQueueSize : transport.writableLength;
}
