import type { ConnectionSettings } from '../config/compile.js';
import type { Answerer } from '../dispatch.js';
import type { LineAllowance } from '../line-allowance.js';
import type { Log } from '../log.js';
import type { IncomingRequest } from '../message.js';
import type { RefusedRequest } from '../refusal.js';
import type { Clock } from './clock.js';
import type { Connection } from './connection.js';
import type { Departures } from './departures.js';

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
