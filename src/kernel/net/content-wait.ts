/** A client that sends content slower than this for longer than the timeout is cut off. Bytes a second. */
const MIN_RATE = 500;

/** How long somebody has waited for one request's content, by the clock of the connection. Milliseconds. */
export class ContentWait {
  /** undefined when nobody waits. */
  #since: number | undefined;
  #waited = 0;

  reset(): void {
    this.#since = undefined;
    this.#waited = 0;
  }

  /**
   * Somebody begins to wait.
   * @param received bytes of content so far
   * @param timeout the longest wait for one piece
   * @returns how long the client has: less than the timeout when all its content came too slowly
   */
  begin(now: number, received: number, timeout: number): number {
    this.#since = now;
    const allowed = timeout + (received / MIN_RATE) * 1000;
    return Math.min(timeout, Math.max(0, allowed - this.#waited));
  }

  /** Content came. @returns false when nobody waited */
  end(now: number): boolean {
    if (this.#since === undefined) return false;
    this.#waited += now - this.#since;
    this.#since = undefined;
    return true;
  }
}
