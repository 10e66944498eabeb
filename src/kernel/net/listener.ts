import { createServer, type Server, type Socket } from 'node:net';
import type { Listen } from '../contract/config.js';
import { type Address, formatAddress } from './address.js';
import { addressHolder } from './address-holder.js';
import { acceptOn, type BoundSocket, portOf } from './bound-socket.js';

/** Thrown if an address cannot be listened on, with the `listen` that requires it. */
export class ListenError extends Error {
  readonly listen: Listen;
  readonly code: string;

  /** @param holder the process that uses the address */
  constructor(listen: Listen, cause: NodeJS.ErrnoException, holder = 'another program') {
    super(`cannot listen on ${formatAddress(listen)}: ${reason(listen, cause, holder)}`, { cause });
    this.name = 'ListenError';
    this.listen = listen;
    this.code = cause.code ?? '';
  }
}

function reason({ kind }: Listen, error: NodeJS.ErrnoException, holder: string): string {
  if (error.code === 'EADDRINUSE') return `the address is in use by ${holder}`;
  if (error.code === 'EACCES' && kind === 'unix')
    return 'its directory does not exist, or the server (its user, where others can write there) may not write to it';
  if (error.code === 'EACCES') return 'not permitted (ports below 1024 need the right to bind them)';
  if (error.code === 'EADDRNOTAVAIL') return 'this machine does not have the address';
  return error.message;
}

/** A listening socket. It is bound first, and accepts when all sockets are bound and root's rights are given up. */
export class Listener {
  readonly #listen: Listen;
  readonly #socket: BoundSocket;
  #server: Server | undefined;

  private constructor(listen: Listen, socket: BoundSocket) {
    this.#listen = listen;
    this.#socket = socket;
  }

  /**
   * @param bind binds the address
   * @throws ListenError
   */
  static async bind(listen: Listen, bind: () => BoundSocket | Promise<BoundSocket>): Promise<Listener> {
    try {
      return new Listener(listen, await bind());
    } catch (error) {
      throw await refused(listen, error);
    }
  }

  /** The bound address, with the actual port for port 0. */
  get address(): Address {
    const listen = this.#listen;
    if (listen.kind === 'unix') return { kind: 'unix', path: listen.path };
    return { kind: 'tcp', host: listen.host, port: portOf(this.#socket) };
  }

  /**
   * @param accept called with each new connection; the socket is half-open: our side stays open when the client ends
   *   its own
   * @param backlog maximum number of connections that wait to be accepted
   * @param failed called with later errors
   * @throws ListenError
   */
  async accept(
    accept: (socket: Socket) => void,
    backlog: number,
    failed: (error: Error) => void,
  ): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, accept);
    this.#server = server;
    try {
      await acceptOn(server, this.#socket, backlog);
    } catch (error) {
      throw await refused(this.#listen, error);
    }
    server.on('error', failed);
  }

  /** Stops accepting; open connections continue. */
  async close(): Promise<void> {
    // server.close() waits for the connections, but the port is free immediately.
    if (this.#server === undefined) this.#socket.close();
    else this.#server.close();
  }
}

async function refused(listen: Listen, error: unknown): Promise<ListenError> {
  const known: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  return new ListenError(
    listen,
    known,
    known.code === 'EADDRINUSE' ? await addressHolder(listen) : undefined,
  );
}
