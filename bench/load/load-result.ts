/** The work that a client got done. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds; undefined where the client measures none. */
  readonly p50?: number;
  readonly p99?: number;
  /** Connections refused or broken, and missing responses. */
  readonly failures: number;
  /** Responses with status 400 or higher. */
  readonly refusals: number;
}
