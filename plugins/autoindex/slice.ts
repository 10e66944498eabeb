import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long a listing may keep the event loop at a time: other requests wait as long. */
const SLICE_MS = 3;

/** A part of long work. When it has taken its time, the event loop serves others first. */
export class Slice {
  readonly #signal: AbortSignal;
  #since = performance.now();

  /** @param signal aborted when the work is not wanted any more */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether `next` is due. Asked often, so it costs no promise. */
  get spent(): boolean {
    return performance.now() - this.#since >= SLICE_MS;
  }

  /** Lets others go first. @throws the signal's reason */
  async next(): Promise<void> {
    await nextTurn();
    this.#signal.throwIfAborted();
    this.#since = performance.now();
  }
}
