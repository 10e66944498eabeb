import type { ConnectionSettings } from '../contract/config.js';
import type { Answerer } from '../exchange/answerer.js';
import type { RefusedRequest } from '../exchange/refusal.js';
import type { IncomingRequest } from '../http/message.js';
import type { LineAllowance } from '../log/line-allowance.js';
import type { Log } from '../log/log.js';
import type { ServedConnection } from './served-connection.js';
import type { Timeouts } from './timeouts.js';
import type { WriteBatch } from './write-batch.js';

/** What a connection needs around it. */
export interface ConnectionContext {
  readonly timeouts: Timeouts;
  readonly writeBatch: WriteBatch;
  readonly log: Log;
  /** Of the error log, for refused requests. */
  readonly refusals: LineAllowance;
  /** The limits before a server is named: those of the address's default server. */
  readonly settings: ConnectionSettings;
  /** True when the server is stopping: no connection is kept. */
  readonly stopping: boolean;
  /** Asked for each answer after which the connection would be kept: false when another worker should have it. */
  mayKeep(): boolean;
  dispatch(request: IncomingRequest, answerer: Answerer): void;
  /** Told of each request that ended before it had a route. */
  refused(request: RefusedRequest): void;
  closed(connection: ServedConnection): void;
}
