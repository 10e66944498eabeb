import type { Response, ResponseHeaders } from '../http/message.js';
import type { LiveExchange } from './exchange.js';

/** Who asked: told of the route, so that the exchange can be aborted, then exactly once of the answer. */
export interface Answerer {
  /** The client has left: a request that has no route by then gets none, and nothing is started for it. */
  readonly ended: boolean;
  /** Not called for a request that a server-wide hook answers. */
  routed(exchange: LiveExchange): void;
  /** @see Exchange.inform */
  inform(status: number, headers: ResponseHeaders): boolean;
  answer(response: Response): void;
  /** Instead of an answer: the client has left, and what was to answer it was aborted. */
  left(): void;
}
