/** What a connection is doing, for metrics. */
export const connectionStates = ['idle', 'reading', 'answering', 'closing'] as const;
export type ConnectionState = (typeof connectionStates)[number];

/** A connection of whatever protocol, as the server that accepted it sees it. */
export interface ServedConnection {
  readonly state: ConnectionState;
  /** True when it could be closed without a client losing a response: between requests, and nothing was received. */
  readonly idle: boolean;
  /**
   * Finishes the requests that have begun, then closes.
   * @param idleMs how long nothing has to arrive before the connection counts as idle, in milliseconds
   */
  retire(idleMs: number): void;
  /** Closes immediately, whatever is on its way. */
  destroy(): void;
}
