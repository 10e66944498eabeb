import type { ConnectionSettings } from '../config/compile/compile.js';
import type { Answerer } from '../exchange/dispatch.js';
import type { RefusedRequest } from '../exchange/refusal.js';
import type { IncomingRequest } from '../http/message.js';
import type { LineAllowance } from '../log/line-allowance.js';
import type { Log } from '../log/log.js';
import type { Clock } from '../net/timeouts.js';
import type { Connection } from './connection.js';
import type { Departures } from './write-batch.js';

/** What a connection needs around it. */
export interface ConnectionHost {
  readonly clock: Clock;
  readonly departures: Departures;
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
  closed(connection: Connection): void;
}

/** What a connection is about, for who watches the server. */
export const connectionStates = ['idle', 'reading', 'answering', 'closing'] as const;
export type ConnectionState = (typeof connectionStates)[number];
