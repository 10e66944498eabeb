import type { Socket } from 'node:net';
import { type Answerer, dispatch, type Site } from '../dispatch.js';
import type { Bound } from '../endpoints.js';
import type { RequestCall } from '../hooks.js';
import type { Log } from '../log.js';
import type { IncomingRequest } from '../message.js';
import type { Endpoint } from '../router.js';
import { Clock } from './clock.js';
import { Connection, type ConnectionHost } from './connection.js';
import { type Address, Listener } from './listener.js';

const BACKLOG = 1024;

/** How many connections may be idle victims in a row before a new one is turned away. */
const OVERLOADED =
  'HTTP/1.1 503 Service Unavailable\r\nServer: webserv\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

export interface AcceptorOptions {
  readonly maxConnections: number;
  readonly onRequest: RequestCall | undefined;
  readonly log: Log;
}

/** All listening sockets and all connections of one server process. */
export class Acceptor {
  readonly #options: AcceptorOptions;
  readonly #clock = new Clock();
  /** In the order they came: the first idle one is the oldest. */
  readonly #connections = new Set<Connection>();
  #listeners: Listener[] = [];
  #stopping = false;
  #emptied: (() => void) | undefined;

  constructor(options: AcceptorOptions) {
    this.#options = options;
  }

  get addresses(): readonly Address[] {
    return this.#listeners.map((listener) => listener.address);
  }

  /**
   * Listens everywhere or nowhere.
   * @throws ListenError
   */
  async listen(bounds: readonly Bound[]): Promise<void> {
    try {
      for (const group of byPort(bounds)) {
        const listener = await Listener.open(group.listen, BACKLOG, (socket) => this.#accept(socket, group));
        listener.onError((error) => this.#options.log.error(`accepting connections: ${error.message}`));
        this.#listeners.push(listener);
      }
    } catch (error) {
      for (const listener of this.#listeners) await listener.close();
      this.#clock.stop();
      throw error;
    }
  }

  /**
   * Stops accepting, lets what is in flight end, then cuts what is left.
   * @param graceMs how long to wait; Infinity for as long as it takes
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    for (const connection of this.#connections) connection.retire();
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
      if (this.#connections.size === 0) resolve();
    });
    const timer = graceMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(() => this.#cut(), graceMs);
    await emptied;
    clearTimeout(timer);
    this.#clock.stop();
  }

  #cut(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  #accept(socket: Socket, group: PortGroup): void {
    if (this.#connections.size >= this.#options.maxConnections && !this.#retireOldestIdle()) {
      socket.on('error', () => {});
      socket.end(OVERLOADED, () => socket.destroy());
      return;
    }
    const endpoint = group.endpointFor(socket);
    const { onRequest, log } = this.#options;
    const isStopping = (): boolean => this.#stopping;
    const host: ConnectionHost = {
      clock: this.#clock,
      log,
      settings: endpoint.fallback.connection,
      get stopping() {
        return isStopping();
      },
      dispatch: (request: IncomingRequest, answerer: Answerer) =>
        dispatch(request, endpoint, onRequest, log, answerer),
      closed: (connection) => this.#closed(connection),
    };
    this.#connections.add(new Connection(socket, host));
  }

  /** Makes room by ending the connection that has been idle longest. */
  #retireOldestIdle(): boolean {
    for (const connection of this.#connections) {
      if (!connection.idle) continue;
      connection.destroy();
      return true;
    }
    return false;
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#stopping && this.#connections.size === 0) this.#emptied?.();
  }
}

/** The listening socket for a port: the system lets a wildcard and a specific address share one only this way. */
interface PortGroup {
  readonly listen: Bound['listen'];
  endpointFor(socket: Socket): Endpoint<Site>;
}

const WILDCARDS = new Set(['0.0.0.0', '::']);

function byPort(bounds: readonly Bound[]): readonly PortGroup[] {
  const groups: PortGroup[] = [];
  for (const bound of bounds) {
    const { listen, endpoint } = bound;
    if (listen.kind === 'unix' || listen.port === 0) {
      groups.push({ listen, endpointFor: () => endpoint });
      continue;
    }
    const isSamePort = (other: Bound): boolean =>
      other.listen.kind === 'tcp' &&
      other.listen.port === listen.port &&
      other.listen.host.includes(':') === listen.host.includes(':');
    const family = bounds.filter(isSamePort);
    const isWildcard = ({ listen: own }: Bound): boolean => own.kind === 'tcp' && WILDCARDS.has(own.host);
    const wildcard = family.find(isWildcard);
    if (wildcard === undefined) groups.push({ listen, endpointFor: () => endpoint });
    else if (wildcard === bound) groups.push({ listen, endpointFor: chooser(bound, family) });
  }
  return groups;
}

function chooser(wildcard: Bound, family: readonly Bound[]): (socket: Socket) => Endpoint<Site> {
  if (family.length === 1) return () => wildcard.endpoint;
  const specific = new Map(
    family.map(({ listen, endpoint }) => [listen.kind === 'tcp' ? listen.host : '', endpoint] as const),
  );
  return (socket) => specific.get(socket.localAddress ?? '') ?? wildcard.endpoint;
}
