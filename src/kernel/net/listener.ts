import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Listen } from '../config/compile.js';
import { addressHolder } from './address-holder.js';
import { listenOnDescriptor } from './inherited.js';

export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/webserv.sock`. */
export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** An address that cannot be listened on, and which `listen` asked for it. */
export class ListenError extends Error {
  readonly listen: Listen;
  readonly code: string;

  /** @param holder who has the address */
  constructor(listen: Listen, cause: NodeJS.ErrnoException, holder = 'another program') {
    super(`cannot listen on ${formatAddress(listen)}: ${reason(cause, holder)}`, { cause });
    this.name = 'ListenError';
    this.listen = listen;
    this.code = cause.code ?? '';
  }
}

function reason(error: NodeJS.ErrnoException, holder: string): string {
  if (error.code === 'EADDRINUSE') return `the address is in use by ${holder}`;
  if (error.code === 'EACCES') return 'not permitted (ports below 1024 need the right to bind them)';
  if (error.code === 'EADDRNOTAVAIL') return 'this machine does not have the address';
  return error.message;
}

export interface OpenOptions {
  /** Connections that may wait to be accepted. */
  readonly backlog: number;
  /** A socket that listens there already: only accepted on. Its file's mode and its end are its owner's. */
  readonly descriptor: number | undefined;
}

/** One listening socket. */
export class Listener {
  readonly #server: Server;
  #address: Address;

  private constructor(server: Server, address: Address) {
    this.#server = server;
    this.#address = address;
  }

  /**
   * @param accept takes each new connection; its socket is half-open: our end stays when the client ends its own
   * @throws ListenError
   */
  static async open(
    listen: Listen,
    accept: (socket: Socket) => void,
    { backlog, descriptor }: OpenOptions,
  ): Promise<Listener> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, accept);
    const isOwn = descriptor === undefined;
    if (listen.kind === 'unix' && isOwn) await removeStaleSocket(listen.path);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => void refused(listen, error).then(reject));
      if (!isOwn) listenOnDescriptor(server, { fd: descriptor, backlog }, resolve);
      else if (listen.kind === 'unix') server.listen({ path: listen.path, backlog }, resolve);
      else
        server.listen(
          { host: listen.host, port: listen.port, backlog, ipv6Only: listen.host.includes(':') },
          resolve,
        );
    });
    server.removeAllListeners('error');
    // As nginx: who may reach the socket is the directory's matter.
    if (listen.kind === 'unix' && isOwn) await chmod(listen.path, 0o666);
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    return new Listener(server, listen.kind === 'unix' ? listen : { kind: 'tcp', host: listen.host, port });
  }

  /** As bound: port 0 has become a real one. */
  get address(): Address {
    return this.#address;
  }

  onError(report: (error: Error) => void): void {
    this.#server.on('error', report);
  }

  /** Stops accepting; connections that are open stay. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      // close() waits for the connections; the port is free at once.
      resolve();
    });
  }
}

async function refused(listen: Listen, error: NodeJS.ErrnoException): Promise<ListenError> {
  const isTaken = error.code === 'EADDRINUSE';
  return new ListenError(listen, error, isTaken ? await addressHolder(listen) : undefined);
}

/** A socket file that a killed server left behind would keep the path taken for ever. One that answers is in use. */
async function removeStaleSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isSocket() && !(await answers(path))) await unlink(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
