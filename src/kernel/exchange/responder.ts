import type { Response, ResponseHeaders } from '../http/message.js';
import type { LiveExchange } from './exchange.js';

/** The sender of a request: gets the route, so that the exchange can be aborted, then exactly one response. */
export interface Responder {
  /** The client has left: a request that has no route by then gets none, and nothing is started for it. */
  readonly ended: boolean;
  /** Not called for a request to which a server-wide hook responds. */
  routed(exchange: LiveExchange): void;
  /** @see Exchange.inform */
  inform(status: number, headers: ResponseHeaders): boolean;
  respond(response: Response): void;
  /** Called instead of `respond` when the client has left and the work on the response was aborted. */
  left(): void;
}
