/** State of a connection, for metrics. */
export const connectionStates = ['handshake', 'idle', 'reading', 'answering', 'closing'] as const;
export type ConnectionState = (typeof connectionStates)[number];

/** A connection of any protocol, as seen by the server that accepted it. */
export interface ServedConnection {
  readonly state: ConnectionState;
  /** True if closing it would not lose a response: between requests, and nothing was received. */
  readonly idle: boolean;
  /**
   * Finishes the requests that have begun, then closes.
   * @param idleMs how long nothing has to arrive before the connection counts as idle, in milliseconds
   */
  retire(idleMs: number): void;
  /** Closes immediately, even if data is on its way. */
  destroy(): void;
}
