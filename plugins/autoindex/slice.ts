import { setImmediate as nextTurn } from 'node:timers/promises';

/** Longest time in milliseconds that a listing may block the event loop. */
const SLICE_MS = 3;

/** Time slice of long work: when it is spent, the event loop serves other requests first. */
export class Slice {
  readonly #signal: AbortSignal;
  #since = performance.now();

  /** @param signal aborted when the result is no longer needed */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether `next` is due. A getter and not a promise, because it is checked often. */
  get spent(): boolean {
    return performance.now() - this.#since >= SLICE_MS;
  }

  /** Yields to the event loop. @throws the signal's reason */
  async next(): Promise<void> {
    await nextTurn();
    this.#signal.throwIfAborted();
    this.#since = performance.now();
  }
}
