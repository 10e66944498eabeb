import type { ConnectionSettings } from '../contract/config.js';
import { dispatch } from '../exchange/dispatch.js';
import type { HandshakeServer } from '../exchange/misdirected.js';
import type { RefusedRequest } from '../exchange/refusal.js';
import type { Responder } from '../exchange/responder.js';
import type { Site } from '../exchange/site.js';
import type { RequestCall } from '../hooks/server-hooks.js';
import type { IncomingRequest } from '../http/message.js';
import type { LineAllowance } from '../log/line-allowance.js';
import type { Log } from '../log/log.js';
import type { ConnectionContext } from '../net/connection-context.js';
import type { ServedConnection } from '../net/served-connection.js';
import type { Timeouts } from '../net/timeouts.js';
import type { WriteBatch } from '../net/write-batch.js';
import type { Endpoint } from '../routing/router.js';
import type { ConnectionShedder } from './shedding.js';

/** State shared by the connections of a server process. */
export interface SharedContext {
  readonly timeouts: Timeouts;
  readonly writeBatch: WriteBatch;
  readonly log: Log;
  readonly refusals: LineAllowance;
  readonly shedder: ConnectionShedder;
  readonly onRequest: RequestCall | undefined;
  readonly closed: (connection: ServedConnection) => void;
}

/** Context of the connections of one address: those for one of its servers, where they are encrypted. */
export class EndpointContext implements ConnectionContext {
  readonly timeouts: Timeouts;
  readonly writeBatch: WriteBatch;
  readonly log: Log;
  readonly refusals: LineAllowance;
  readonly settings: ConnectionSettings;
  readonly closed: (connection: ServedConnection) => void;
  stopping = false;
  readonly #endpoint: Endpoint<Site>;
  /** The server whose limits hold until a request names one. */
  readonly #site: Site;
  readonly #handshake: HandshakeServer | undefined;
  readonly #onRequest: RequestCall | undefined;
  readonly #shedder: ConnectionShedder;

  /** @param handshake the server that the connections are encrypted for; undefined without TLS */
  constructor(
    endpoint: Endpoint<Site>,
    handshake: (HandshakeServer & { readonly site: Site }) | undefined,
    { timeouts, writeBatch, log, refusals, shedder, onRequest, closed }: SharedContext,
  ) {
    this.#endpoint = endpoint;
    this.#onRequest = onRequest;
    this.#shedder = shedder;
    this.timeouts = timeouts;
    this.writeBatch = writeBatch;
    this.log = log;
    this.#handshake = handshake;
    this.#site = handshake?.site ?? endpoint.fallback;
    this.settings = this.#site.connection;
    this.refusals = refusals;
    this.closed = closed;
  }

  refused(request: RefusedRequest): void {
    this.#site.refused(request);
  }

  mayKeep(): boolean {
    return !this.#shedder.consume();
  }

  dispatch(request: IncomingRequest, responder: Responder): void {
    dispatch(request, this.#endpoint, this.#handshake, this.#onRequest, this.log, responder);
  }
}

/** The contexts of all addresses. Each is shared by its connections, so that the engine sees one shape. */
export class EndpointContexts {
  readonly #shared: SharedContext;
  readonly #plain = new Map<Endpoint<Site>, EndpointContext>();
  readonly #named = new Map<Endpoint<Site>, Map<Site, EndpointContext>>();
  readonly #unnamed = new Map<Endpoint<Site>, EndpointContext>();
  #stopping = false;

  constructor(shared: SharedContext) {
    this.#shared = shared;
  }

  /** For connections that are not encrypted. */
  plain(endpoint: Endpoint<Site>): EndpointContext {
    return this.#of(this.#plain, endpoint, endpoint, undefined);
  }

  /** @param serverName the name in the handshake; empty without one */
  encrypted(endpoint: Endpoint<Site>, serverName: string): EndpointContext {
    if (serverName === '') {
      const site = endpoint.fallback;
      return this.#of(this.#unnamed, endpoint, endpoint, { site, policy: site.tls, isNamed: false });
    }
    const site = endpoint.find(serverName);
    let named = this.#named.get(endpoint);
    if (named === undefined) {
      named = new Map();
      this.#named.set(endpoint, named);
    }
    return this.#of(named, site, endpoint, { site, policy: site.tls, isNamed: true });
  }

  /** From now on connections close after their response. */
  stop(): void {
    this.#stopping = true;
    const named = [...this.#named.values()].flatMap((contexts) => [...contexts.values()]);
    for (const context of [...this.#plain.values(), ...this.#unnamed.values(), ...named])
      context.stopping = true;
  }

  #of<Key>(
    contexts: Map<Key, EndpointContext>,
    key: Key,
    endpoint: Endpoint<Site>,
    handshake: ConstructorParameters<typeof EndpointContext>[1],
  ): EndpointContext {
    const known = contexts.get(key);
    if (known !== undefined) return known;
    const context = new EndpointContext(endpoint, handshake, this.#shared);
    context.stopping = this.#stopping;
    contexts.set(key, context);
    return context;
  }
}
