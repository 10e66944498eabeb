import type { ConnectionSettings } from '../contract/config.js';
import { dispatch, type Site } from '../exchange/dispatch.js';
import type { RefusedRequest } from '../exchange/refusal.js';
import type { Responder } from '../exchange/responder.js';
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

/** Context of the connections of one address. */
export class EndpointContext implements ConnectionContext {
  readonly timeouts: Timeouts;
  readonly writeBatch: WriteBatch;
  readonly log: Log;
  readonly refusals: LineAllowance;
  readonly settings: ConnectionSettings;
  readonly closed: (connection: ServedConnection) => void;
  stopping = false;
  readonly #endpoint: Endpoint<Site>;
  readonly #onRequest: RequestCall | undefined;
  readonly #shedder: ConnectionShedder;

  constructor(
    endpoint: Endpoint<Site>,
    { timeouts, writeBatch, log, refusals, shedder, onRequest, closed }: SharedContext,
  ) {
    this.#endpoint = endpoint;
    this.#onRequest = onRequest;
    this.#shedder = shedder;
    this.timeouts = timeouts;
    this.writeBatch = writeBatch;
    this.log = log;
    this.settings = endpoint.fallback.connection;
    this.refusals = refusals;
    this.closed = closed;
  }

  refused(request: RefusedRequest): void {
    this.#endpoint.fallback.refused(request);
  }

  mayKeep(): boolean {
    return !this.#shedder.consume();
  }

  dispatch(request: IncomingRequest, responder: Responder): void {
    dispatch(request, this.#endpoint, this.#onRequest, this.log, responder);
  }
}
