/**
 * How long one side has waited for the other to send a request's body, or to take a response. Milliseconds and bytes. Only
 * the waiting counts: a response whose next piece is not there yet is not slow.
 */
export class TransferWait {
  /** Bytes a second; 0 for none. */
  readonly #minRate: number;
  /** undefined when nobody waits. */
  #since: number | undefined;
  #waited = 0;

  /** @param minRate what is slower than this for longer than the timeout is cut off */
  constructor(minRate: number) {
    this.#minRate = minRate;
  }

  reset(): void {
    this.#since = undefined;
    this.#waited = 0;
  }

  /**
   * The wait begins.
   * @param transferred bytes so far
   * @param timeout the longest wait for one piece
   * @returns how long it may take: less than the timeout when all before it came too slowly
   */
  begin(now: number, transferred: number, timeout: number): number {
    this.#since = now;
    if (this.#minRate === 0) return timeout;
    const allowed = timeout + (transferred / this.#minRate) * 1000;
    return Math.min(timeout, Math.max(0, allowed - this.#waited));
  }

  /** The wait is over. @returns false when nobody waited */
  end(now: number): boolean {
    if (this.#since === undefined) return false;
    this.#waited += now - this.#since;
    this.#since = undefined;
    return true;
  }
}
