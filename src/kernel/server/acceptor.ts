import type { Socket } from 'node:net';
import { describeError } from '../diagnostics/error-text.js';
import type { Bound } from '../exchange/endpoints.js';
import type { Site } from '../exchange/site.js';
import type { RequestCall } from '../hooks/server-hooks.js';
import { Connection } from '../http1/connection.js';
import { LineAllowance } from '../log/line-allowance.js';
import type { Log } from '../log/log.js';
import type { Address, ServedAddress } from '../net/address.js';
import { socketOf } from '../net/bound-socket.js';
import type { ConnectionBudget } from '../net/connection-budget.js';
import type { ConnectionContext } from '../net/connection-context.js';
import type { InheritedSockets } from '../net/inherited.js';
import { Listener } from '../net/listener.js';
import { type ConnectionState, connectionStates, type ServedConnection } from '../net/served-connection.js';
import type { SocketSource } from '../net/socket-source.js';
import { Timeouts } from '../net/timeouts.js';
import { SocketTransport, type Transport } from '../net/transport.js';
import { WriteBatch } from '../net/write-batch.js';
import type { Endpoint } from '../routing/router.js';
import type { KeyLog } from '../tls/key-log.js';
import type { SecureServer } from '../tls/secure-server.js';
import { EndpointContexts, type SharedContext } from './endpoint-context.js';
import { byPort, type PortGroup } from './port-groups.js';
import { type HandshakeCount, SecureEntrance } from './secure-entrance.js';
import { ConnectionShedder } from './shedding.js';
import { TurnedAway } from './turned-away.js';

const BACKLOG = 1024;

/**
 * Checking 10,000 busy connections takes a third of a millisecond: too much for each new connection of an overloaded
 * server.
 */
const LOOK_AGAIN_MS = 20;
/** Serves a connection in one protocol, until it calls `context.closed`. */
export type Protocol = (transport: Transport, context: ConnectionContext) => ServedConnection;

const http1: Protocol = (transport, context) => new Connection(transport, context);

export interface AcceptorOptions {
  readonly room: Pick<ConnectionBudget, 'connections' | 'turnedAway'>;
  readonly onRequest: RequestCall | undefined;
  readonly log: Log;
  /** TLS of the servers that speak it. */
  readonly secure: ReadonlyMap<Site, SecureServer>;
  /** Called for each TLS handshake. */
  readonly countHandshake: HandshakeCount;
  /** Gets the secrets of each TLS connection; undefined unless they are logged. */
  readonly keyLog: KeyLog | undefined;
}

/** All listening sockets and all connections of one server process. */
export class Acceptor {
  readonly #options: AcceptorOptions;
  readonly #shared: SharedContext;
  readonly #shedder = new ConnectionShedder();
  readonly #turnedAway: TurnedAway;
  /** In the order they came: the first idle one is the oldest. */
  readonly #connections = new Set<ServedConnection>();
  readonly #contexts: EndpointContexts;
  readonly #secure: SecureEntrance;
  readonly #listeners: { readonly listener: Listener; readonly group: PortGroup }[] = [];
  /** Until when it is not looked again for an idle connection, since there was none. */
  #busyUntil = 0;
  #accepted = 0;
  #refused = 0;
  #stopping = false;
  /** For how long nothing has to come on a connection that is established while the server stops. */
  #idleMs = 0;
  #emptied: (() => void) | undefined;

  constructor(options: AcceptorOptions) {
    const { log, onRequest, room } = options;
    this.#options = options;
    this.#shared = {
      timeouts: new Timeouts({
        failed: (error) => log.error(`a timeout failed: ${describeError(error)}`),
      }),
      writeBatch: new WriteBatch(),
      log,
      refusals: new LineAllowance((lines) =>
        log.info(`${lines} more requests were refused that are not logged one by one`),
      ),
      shedder: this.#shedder,
      onRequest,
      closed: (connection) => this.#closed(connection),
    };
    this.#turnedAway = new TurnedAway(room.turnedAway, this.#shared.timeouts);
    this.#contexts = new EndpointContexts(this.#shared);
    this.#secure = new SecureEntrance({
      servers: options.secure,
      contexts: this.#contexts,
      shared: this.#shared,
      count: options.countHandshake,
      keyLog: options.keyLog,
      serve: (handshake, transport, context) => {
        this.#connections.delete(handshake);
        this.#serve(transport, context, http1);
      },
      ended: (handshake) => this.#closed(handshake),
    });
  }

  /** Connections taken so far, and those turned away because there were too many. */
  get counts(): { readonly accepted: number; readonly refused: number } {
    return { accepted: this.#accepted, refused: this.#refused };
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Closes this many connections, each after its next response. */
  shed(connections: number): void {
    this.#shedder.request(connections);
  }

  /** How many connections are in each state. */
  states(): ReadonlyMap<ConnectionState, number> {
    const states = new Map(connectionStates.map((state) => [state, 0]));
    for (const { state } of this.#connections) states.set(state, (states.get(state) ?? 0) + 1);
    return states;
  }

  get addresses(): readonly ServedAddress[] {
    return this.#listeners.map(({ listener, group }) => ({ ...listener.address, tls: group.listen.tls }));
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
    this.#shared.timeouts.stop();
  }

  /** Serves an existing connection. @param protocol the protocol spoken on it */
  serve(transport: Transport, endpoint: Endpoint<Site>, protocol: Protocol = http1): void {
    this.#serve(transport, this.#contexts.plain(endpoint), protocol);
  }

  #serve(transport: Transport, context: ConnectionContext, protocol: Protocol): void {
    const connection = protocol(transport, context);
    this.#connections.add(connection);
    if (this.#stopping) connection.retire(this.#idleMs);
  }

  /**
   * Stops accepting, lets what is in flight end, then cuts what is left.
   * @param graceMs how long to wait; Infinity for as long as it takes
   * @param idleMs for how long nothing has to come on a connection before it is taken for idle
   */
  async stop(graceMs: number, idleMs: number): Promise<void> {
    this.#stopping = true;
    this.#idleMs = Math.min(idleMs, graceMs);
    this.#contexts.stop();
    await Promise.all(this.#listeners.map(({ listener }) => listener.close()));
    for (const connection of this.#connections) connection.retire(this.#idleMs);
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
      if (this.#connections.size === 0) resolve();
    });
    const timer = graceMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(() => this.#cut(), graceMs);
    await emptied;
    clearTimeout(timer);
    this.#shared.timeouts.stop();
  }

  #cut(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  #accept(socket: Socket, group: PortGroup): void {
    const { listen, endpoint } = group.boundFor(socket);
    if (this.#connections.size >= this.#options.room.connections && !this.#retireOldestIdle()) {
      this.#refused += 1;
      this.#turnedAway.add(socket, endpoint.fallback, listen.tls);
      return;
    }
    this.#accepted += 1;
    if (listen.tls) this.#connections.add(this.#secure.begin(socket, endpoint));
    else this.serve(new SocketTransport(socket), endpoint);
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

  #closed(connection: ServedConnection): void {
    this.#connections.delete(connection);
    if (this.#stopping && this.#connections.size === 0) this.#emptied?.();
  }
}

/** Without what a configuration says beside it. */
function addressOnly(listen: Bound['listen']): Address {
  return listen.kind === 'unix'
    ? { kind: 'unix', path: listen.path }
    : { kind: 'tcp', host: listen.host, port: listen.port };
}
