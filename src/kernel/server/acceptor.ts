import type { Socket } from 'node:net';
import type { ConnectionSettings } from '../config/compile/compile.js';
import { thrownText } from '../diagnostics/error-text.js';
import { type Answerer, dispatch, type Site } from '../exchange/dispatch.js';
import type { RefusedRequest } from '../exchange/refusal.js';
import type { RequestCall } from '../hooks/server-hooks.js';
import type { IncomingRequest } from '../http/message.js';
import { Connection } from '../http1/connection.js';
import { type ConnectionHost, type ConnectionState, connectionStates } from '../http1/connection-context.js';
import { Departures } from '../http1/write-batch.js';
import { LineAllowance } from '../log/line-allowance.js';
import type { Log } from '../log/log.js';
import { socketOf } from '../net/bound-socket.js';
import type { Room } from '../net/connection-budget.js';
import type { InheritedSockets } from '../net/inherited.js';
import { type Address, Listener } from '../net/listener.js';
import { SocketPeer } from '../net/peer.js';
import type { SocketSource } from '../net/socket-source.js';
import { Clock } from '../net/timeouts.js';
import type { Transport } from '../net/transport.js';
import type { Bound } from '../routing/endpoints.js';
import type { Endpoint } from '../routing/router.js';
import { Shedding } from './shedding.js';

const BACKLOG = 1024;

/** @param date RFC 9110 §6.6.1 leaves it out of 5xx answers at will; ours have it in all */
function overloaded(date: string, server: string): string {
  return `HTTP/1.1 503 Service Unavailable\r\n${server === '' ? '' : `Server: ${server}\r\n`}Date: ${date}\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
}

/** Looking at 10,000 busy connections takes a third of a millisecond: not for each of a crowd at the door. */
const LOOK_AGAIN_MS = 20;
/** How long a client that is turned away may take to read why, in milliseconds. */
const TURNED_AWAY_MS = 1000;

export interface AcceptorOptions {
  readonly room: Pick<Room, 'connections' | 'turnedAway'>;
  readonly onRequest: RequestCall | undefined;
  readonly log: Log;
}

/** All listening sockets and all connections of one server process. */
export class Acceptor {
  readonly #options: AcceptorOptions;
  readonly #clock: Clock;
  readonly #departures = new Departures();
  /** In the order they came: the first idle one is the oldest. */
  readonly #connections = new Set<Connection>();
  readonly #hosts = new Map<Endpoint<Site>, EndpointHost>();
  readonly #shedding = new Shedding();
  readonly #refusals: LineAllowance;
  readonly #listeners: { readonly listener: Listener; readonly group: PortGroup }[] = [];
  /** Until when it is not looked again for an idle connection, since there was none. */
  #busyUntil = 0;
  #turnedAway = 0;
  #accepted = 0;
  #refused = 0;
  #stopping = false;
  #emptied: (() => void) | undefined;

  constructor(options: AcceptorOptions) {
    this.#options = options;
    this.#refusals = new LineAllowance((lines) =>
      options.log.info(`${lines} more requests were refused that are not logged one by one`),
    );
    this.#clock = new Clock({
      failed: (error) => options.log.error(`a timeout failed: ${thrownText(error)}`),
    });
  }

  /** Connections taken so far, and those turned away because there were too many. */
  get counts(): { readonly accepted: number; readonly refused: number } {
    return { accepted: this.#accepted, refused: this.#refused };
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Lets so many of the connections go, with the next answers. */
  shed(connections: number): void {
    this.#shedding.order(connections);
  }

  /** How many connections are in each state. */
  states(): ReadonlyMap<ConnectionState, number> {
    const states = new Map(connectionStates.map((state) => [state, 0]));
    for (const { state } of this.#connections) states.set(state, (states.get(state) ?? 0) + 1);
    return states;
  }

  get addresses(): readonly Address[] {
    return this.#listeners.map(({ listener }) => listener.address);
  }

  /**
   * Takes all addresses, or none. Nothing is accepted yet.
   * @param inherited what need not be bound any more
   * @throws ListenError
   */
  async bind(bounds: readonly Bound[], sockets: SocketSource, inherited?: InheritedSockets): Promise<void> {
    try {
      for (const group of byPort(bounds)) {
        const { listen } = group;
        const descriptor = inherited?.take(listen);
        const listener = await Listener.bind(listen, () =>
          descriptor === undefined ? sockets.bind(addressOnly(listen)) : socketOf(descriptor),
        );
        this.#listeners.push({ listener, group });
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Accepts connections on all addresses. @throws ListenError, and accepts nowhere then */
  async accept(): Promise<void> {
    const failed = (error: Error): void => this.#options.log.error(`accepting connections: ${error.message}`);
    try {
      for (const { listener, group } of this.#listeners)
        await listener.accept((socket) => this.#accept(socket, group), BACKLOG, failed);
    } catch (error) {
      await this.close();
      this.#cut();
      throw error;
    }
  }

  /** Gives all addresses back; for a server that does not serve after all. */
  async close(): Promise<void> {
    await Promise.all(this.#listeners.map(({ listener }) => listener.close()));
    this.#clock.stop();
  }

  /** Serves a connection that is there, whatever it came by. */
  serve(transport: Transport, endpoint: Endpoint<Site>): void {
    this.#connections.add(new Connection(transport, this.#hostOf(endpoint)));
  }

  /**
   * Stops accepting, lets what is in flight end, then cuts what is left.
   * @param graceMs how long to wait; Infinity for as long as it takes
   * @param idleMs for how long nothing has to come on a connection before it is taken for idle
   */
  async stop(graceMs: number, idleMs: number): Promise<void> {
    this.#stopping = true;
    for (const host of this.#hosts.values()) host.stopping = true;
    await Promise.all(this.#listeners.map(({ listener }) => listener.close()));
    for (const connection of this.#connections) connection.retire(Math.min(idleMs, graceMs));
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
    if (this.#connections.size >= this.#options.room.connections && !this.#retireOldestIdle()) {
      this.#refused += 1;
      this.#turnAway(socket, group.endpointFor(socket).fallback);
      return;
    }
    this.#accepted += 1;
    this.serve(socket, group.endpointFor(socket));
  }

  /** One for all connections of an address: made once, so that the engine sees one shape. */
  #hostOf(endpoint: Endpoint<Site>): EndpointHost {
    const known = this.#hosts.get(endpoint);
    if (known !== undefined) return known;
    const host = new EndpointHost(
      endpoint,
      this.#clock,
      this.#departures,
      this.#options,
      this.#shedding,
      this.#refusals,
      (connection) => this.#closed(connection),
    );
    this.#hosts.set(endpoint, host);
    return host;
  }

  /** Makes room by ending the oldest of the idle connections. */
  #retireOldestIdle(): boolean {
    if (performance.now() < this.#busyUntil) return false;
    for (const connection of this.#connections) {
      if (!connection.idle) continue;
      connection.destroy();
      // Its 'close' comes later, maybe after more connections: its place is free now, and once.
      this.#connections.delete(connection);
      return true;
    }
    this.#busyUntil = performance.now() + LOOK_AGAIN_MS;
    return false;
  }

  /** Says why, and reads what the client sends, so that it meets the answer and not a reset. */
  #turnAway(socket: Socket, site: Site): void {
    socket.on('error', () => {});
    if (this.#turnedAway >= this.#options.room.turnedAway) {
      socket.destroy();
      return;
    }
    this.#turnedAway += 1;
    const timer = setTimeout(() => socket.destroy(), TURNED_AWAY_MS);
    socket.on('close', () => {
      clearTimeout(timer);
      this.#turnedAway -= 1;
    });
    socket.resume();
    const reason = 'too many connections';
    const peer = new SocketPeer(socket);
    site.refused({ status: 503, reason, received: '', peer, bytesSent: 0, durationMs: 0, complete: true });
    socket.end(overloaded(this.#clock.date(), site.connection.serverField));
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#stopping && this.#connections.size === 0) this.#emptied?.();
  }
}

/** What the connections of one address need around them. */
class EndpointHost implements ConnectionHost {
  readonly clock: Clock;
  readonly departures: Departures;
  readonly log: Log;
  readonly settings: ConnectionSettings;
  readonly refusals: LineAllowance;
  readonly closed: (connection: Connection) => void;
  stopping = false;
  readonly #endpoint: Endpoint<Site>;
  readonly #onRequest: RequestCall | undefined;
  readonly #shedding: Shedding;

  constructor(
    endpoint: Endpoint<Site>,
    clock: Clock,
    departures: Departures,
    { log, onRequest }: AcceptorOptions,
    shedding: Shedding,
    refusals: LineAllowance,
    closed: (connection: Connection) => void,
  ) {
    this.#endpoint = endpoint;
    this.#onRequest = onRequest;
    this.#shedding = shedding;
    this.clock = clock;
    this.departures = departures;
    this.log = log;
    this.settings = endpoint.fallback.connection;
    this.refusals = refusals;
    this.closed = closed;
  }

  refused(request: RefusedRequest): void {
    this.#endpoint.fallback.refused(request);
  }

  mayKeep(): boolean {
    return !this.#shedding.take();
  }

  dispatch(request: IncomingRequest, answerer: Answerer): void {
    dispatch(request, this.#endpoint, this.#onRequest, this.log, answerer);
  }
}

/** The listening socket for a port: the system lets a wildcard and a specific address share one only this way. */
interface PortGroup {
  readonly listen: Bound['listen'];
  endpointFor(socket: Socket): Endpoint<Site>;
}

/** Without what a configuration says beside it. */
function addressOnly(listen: Bound['listen']): Address {
  return listen.kind === 'unix'
    ? { kind: 'unix', path: listen.path }
    : { kind: 'tcp', host: listen.host, port: listen.port };
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
