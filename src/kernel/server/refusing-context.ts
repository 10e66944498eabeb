import type { ConnectionSettings } from '../contract/config.js';
import type { RefusedRequest } from '../exchange/refusal.js';
import type { Responder } from '../exchange/responder.js';
import type { IncomingRequest, Response } from '../http/message.js';
import type { LineAllowance } from '../log/line-allowance.js';
import type { Log } from '../log/log.js';
import type { ConnectionContext } from '../net/connection-context.js';
import type { ServedConnection } from '../net/served-connection.js';
import type { Timeouts } from '../net/timeouts.js';
import type { WriteBatch } from '../net/write-batch.js';

/** Context of a connection on which every request gets one and the same refusal, and no plugin is asked. */
export class RefusingContext implements ConnectionContext {
  readonly timeouts: Timeouts;
  readonly writeBatch: WriteBatch;
  readonly log: Log;
  readonly refusals: LineAllowance;
  readonly settings: ConnectionSettings;
  readonly #context: ConnectionContext;
  readonly #respond: (request: IncomingRequest) => Response;

  /** @param context the one of connections that are served there */
  constructor(context: ConnectionContext, respond: (request: IncomingRequest) => Response) {
    this.timeouts = context.timeouts;
    this.writeBatch = context.writeBatch;
    this.log = context.log;
    this.refusals = context.refusals;
    this.settings = context.settings;
    this.#context = context;
    this.#respond = respond;
  }

  get stopping(): boolean {
    return this.#context.stopping;
  }

  mayKeep(): boolean {
    return false;
  }

  dispatch(request: IncomingRequest, responder: Responder): void {
    responder.respond(this.#respond(request));
  }

  refused(request: RefusedRequest): void {
    this.#context.refused(request);
  }

  closed(connection: ServedConnection): void {
    this.#context.closed(connection);
  }
}
