/** Body bytes sent in one turn of the event loop: about two milliseconds of copying. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Limits how many body bytes are sent in one turn of the event loop. The system often takes a piece immediately, and
 * the next piece would follow before anything else runs. Many fast clients of a body in memory, or one client of a
 * stream that never waits, would then block reading from all other clients.
 */
export class SendBudget {
  readonly #max: number;
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];
  #sent = 0;
  #scheduled = false;

  constructor(max: number = MAX_BYTES) {
    this.#max = max;
  }

  /**
   * Requests a part of this turn's budget.
   * @returns undefined if it is available; otherwise a promise that resolves in the turn in which it is
   */
  take(bytes: number): Promise<void> | undefined {
    this.#schedule();
    if (this.#waiting.length === 0 && this.#sent < this.#max) {
      this.#sent += bytes;
      return undefined;
    }
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, enter: resolve });
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#begin());
  }

  /** Starts a new turn: waiting senders come first, in order. */
  #begin(): void {
    this.#scheduled = false;
    this.#sent = 0;
    let entered = 0;
    for (const { bytes, enter } of this.#waiting) {
      if (this.#sent >= this.#max) break;
      this.#sent += bytes;
      entered += 1;
      enter();
    }
    this.#waiting.splice(0, entered);
    if (this.#waiting.length > 0) this.#schedule();
  }
}

/** Shared by all connections of this process, because they share one event loop. */
export const sendBudget = new SendBudget();
