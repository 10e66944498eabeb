import { createServer, type Server, type Socket } from 'node:net';
import type { Listen } from '../contract/config.js';
import { type Address, formatAddress } from './address.js';
import { addressHolder } from './address-holder.js';
import { acceptOn, type BoundSocket, portOf } from './bound-socket.js';

/** An address that cannot be listened on, and which `listen` asked for it. */
export class ListenError extends Error {
  readonly listen: Listen;
  readonly code: string;

  /** @param holder who has the address */
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

/** One listening socket: bound first, and accepting when all of them are, and the rights of root are given up. */
export class Listener {
  readonly #listen: Listen;
  readonly #socket: BoundSocket;
  #server: Server | undefined;

  private constructor(listen: Listen, socket: BoundSocket) {
    this.#listen = listen;
    this.#socket = socket;
  }

  /**
   * @param bind takes the address
   * @throws ListenError
   */
  static async bind(listen: Listen, bind: () => BoundSocket | Promise<BoundSocket>): Promise<Listener> {
    try {
      return new Listener(listen, await bind());
    } catch (error) {
      throw await refused(listen, error);
    }
  }

  /** As bound: port 0 has become a real one. */
  get address(): Address {
    const listen = this.#listen;
    if (listen.kind === 'unix') return { kind: 'unix', path: listen.path };
    return { kind: 'tcp', host: listen.host, port: portOf(this.#socket) };
  }

  /**
   * @param accept takes each new connection; its socket is half-open: our end stays when the client ends its own
   * @param backlog connections that may wait to be accepted
   * @param failed called with what goes wrong later
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

  /** Stops accepting; connections that are open stay. */
  async close(): Promise<void> {
    // close() of a server waits for the connections; the port is free at once.
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
