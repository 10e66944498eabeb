import type { ConnectionSettings } from '../contract/config.js';
import type { RefusedRequest } from '../exchange/refusal.js';
import type { Responder } from '../exchange/responder.js';
import type { IncomingRequest } from '../http/message.js';
import type { LineAllowance } from '../log/line-allowance.js';
import type { Log } from '../log/log.js';
import type { ServedConnection } from './served-connection.js';
import type { Timeouts } from './timeouts.js';
import type { WriteBatch } from './write-batch.js';

/** The services that a connection needs from its server. */
export interface ConnectionContext {
  readonly timeouts: Timeouts;
  readonly writeBatch: WriteBatch;
  readonly log: Log;
  /** Limits the lines about rejected requests in the error log. */
  readonly refusals: LineAllowance;
  /** Settings that apply until the server is known: those of the address's default server. */
  readonly settings: ConnectionSettings;
  /** True when the server is stopping: connections close after their response. */
  readonly stopping: boolean;
  /** Called after each response on a connection that could persist: false if another worker should get the client. */
  mayKeep(): boolean;
  dispatch(request: IncomingRequest, responder: Responder): void;
  /** Called for each request that ended before it had a route. */
  refused(request: RefusedRequest): void;
  closed(connection: ServedConnection): void;
}
