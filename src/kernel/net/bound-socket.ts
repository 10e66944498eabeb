import * as net from 'node:net';
import { getSystemErrorMap, getSystemErrorName } from 'node:util';
import type { Address } from './address.js';

/**
 * A bound socket that does not accept connections yet, as a Node handle. Node has no public API to bind without
 * accepting, so this uses the functions that `net.Server` and `node:cluster` themselves use.
 */
export interface BoundSocket {
  /** The descriptor's number. */
  readonly fd: number;
  /** Fills in `port` and returns 0, or an error number. Undefined for a socket file. */
  getsockname?(out: { port?: number }): number;
  close(): void;
}

const IPV6_ONLY = 1;
/** The system's error number for an address that is in use. */
const ADDRESS_IN_USE = -98;

/** Binds an address. Connections are refused until `acceptOn` is called. @throws ErrnoException */
export function bindAddress(address: Address): BoundSocket {
  const socket =
    address.kind === 'unix'
      ? createHandle(address.path, -1, -1)
      : createHandle(
          address.host,
          address.port,
          address.host.includes(':') ? 6 : 4,
          undefined,
          address.host.includes(':') ? IPV6_ONLY : 0,
        );
  const problem = address.kind === 'tcp' ? takenBy(socket, address.port) : 0;
  if (problem === 0) return socket;
  socket.close();
  throw systemError('bind', problem);
}

/** Wraps a bound socket that this process has inherited. @throws ErrnoException */
export function socketOf(descriptor: number): BoundSocket {
  return createHandle(undefined, undefined, undefined, descriptor);
}

/** Whether a value received over a channel is a socket. */
export function isBoundSocket(value: unknown): value is BoundSocket {
  return typeof value === 'object' && value !== null && 'fd' in value && 'close' in value;
}

/**
 * Listens on the socket and accepts connections with the server, which closes the socket when it closes.
 * @throws ErrnoException
 */
export function acceptOn(server: net.Server, socket: BoundSocket, backlog: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    Reflect.set(server, '_handle', socket);
    const listen: unknown = Reflect.get(server, '_listen2');
    if (typeof listen !== 'function')
      throw new TypeError('this version of Node cannot listen on a bound socket');
    Reflect.apply(listen, server, [null, -1, -1, backlog]);
  });
}

/** The port a socket is bound to; for port 0, the port that the system chose. */
export function portOf(socket: BoundSocket): number {
  const out: { port?: number } = {};
  socket.getsockname?.(out);
  return out.port ?? 0;
}

/** libuv reports a failed bind only when listening, which would then use another port. */
function takenBy(socket: BoundSocket, wanted: number): number {
  const out: { port?: number } = {};
  const problem = socket.getsockname?.(out) ?? 0;
  if (problem !== 0) return problem;
  return wanted !== 0 && out.port !== wanted ? ADDRESS_IN_USE : 0;
}

/** Read now, because the master process later replaces this function to limit the sockets that node:cluster opens. */
const create: unknown = Reflect.get(net, '_createServerHandle');

function createHandle(...args: readonly unknown[]): BoundSocket {
  if (typeof create !== 'function') throw new TypeError('this version of Node cannot bind a socket');
  const made: unknown = Reflect.apply(create, net, args);
  if (typeof made === 'number') throw systemError('bind', made);
  if (!isBoundSocket(made)) throw new TypeError('this version of Node binds no socket');
  return made;
}

function systemError(call: string, errno: number): NodeJS.ErrnoException {
  const text = getSystemErrorMap().get(errno)?.[1] ?? `error ${errno}`;
  return Object.assign(new Error(`${call}: ${text}`), {
    errno,
    code: getSystemErrorName(errno),
    syscall: call,
  });
}
