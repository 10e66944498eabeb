/**
 * Measures how long one side has waited for the other to send a request's body, or to take a response, in milliseconds
 * and bytes. Only waiting counts: a response whose next piece is not ready is not slow.
 */
export class BodyTimeout {
  /** Bytes per second; 0 for no minimum. */
  readonly #minRate: number;
  /** undefined if neither side waits. */
  #since: number | undefined;
  #waited = 0;

  /** @param minRate a transfer slower than this for longer than the timeout is aborted */
  constructor(minRate: number) {
    this.#minRate = minRate;
  }

  reset(): void {
    this.#since = undefined;
    this.#waited = 0;
  }

  /**
   * Starts a wait.
   * @param transferred bytes so far
   * @param timeout maximum wait for one piece
   * @returns the time left for this wait: less than the timeout if all earlier bytes came too slowly
   */
  begin(now: number, transferred: number, timeout: number): number {
    this.#since = now;
    if (this.#minRate === 0) return timeout;
    const allowed = timeout + (transferred / this.#minRate) * 1000;
    return Math.min(timeout, Math.max(0, allowed - this.#waited));
  }

  /** Ends the wait. @returns false if none had started */
  end(now: number): boolean {
    if (this.#since === undefined) return false;
    this.#waited += now - this.#since;
    this.#since = undefined;
    return true;
  }
}
