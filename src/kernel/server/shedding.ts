/** An order to let connections go is for now: the next one knows better. */
const VALID_MS = 1000;

/**
 * Selects connections that another worker should have: each is closed after its next response, which says so (RFC 9112
 * §9.6), and its client reconnects. An idle connection costs nothing and stays open.
 */
export class ConnectionShedder {
  #left = 0;
  #until = 0;

  /** @param connections how many are to go */
  request(connections: number): void {
    this.#left = connections;
    this.#until = performance.now() + VALID_MS;
  }

  /** Whether the connection that asks is one of them. */
  consume(): boolean {
    if (this.#left === 0) return false;
    if (performance.now() > this.#until) {
      this.#left = 0;
      return false;
    }
    this.#left -= 1;
    return true;
  }
}
