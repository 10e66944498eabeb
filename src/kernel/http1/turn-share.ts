/** Bytes of content that leave in one turn of the event loop: two milliseconds of copying, about. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Bounds how much content is sent in one turn of the event loop. The system often takes a piece at once, and the next
 * piece would follow without anything else in between: many quick clients of a body in memory, or one of a stream that
 * never waits, would keep everybody else from being read.
 */
export class TurnShare {
  readonly #max: number;
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];
  #sent = 0;
  #scheduled = false;

  constructor(max: number = MAX_BYTES) {
    this.#max = max;
  }

  /**
   * Asks for a part of this turn.
   * @returns undefined when it is there; else a promise that is fulfilled in the turn it is there
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

  /** A new turn: those who wait come first, in their order. */
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

/** All connections of this process have one event loop. */
export const turnShare = new TurnShare();
