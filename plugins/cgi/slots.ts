import { HttpError } from '@webserv/server';

/** What a refused client is told to wait, in seconds. */
const RETRY_AFTER_SECONDS = 5;

function busy(): HttpError {
  return new HttpError(503, {
    reason: 'too many scripts are running',
    headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
  });
}

/**
 * The right to run one of a bounded number of processes, in the order asked for. Who finds no free slot waits in a
 * bounded queue for a bounded time.
 */
export class Slots {
  readonly #max: number;
  readonly #maxWaiting: number;
  readonly #maxWaitMs: number;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  /** @param maxWaitMs how long one waits for its turn */
  constructor(max: number, maxWaiting: number, maxWaitMs: number) {
    this.#max = max;
    this.#maxWaiting = maxWaiting;
    this.#maxWaitMs = maxWaitMs;
  }

  /** Who asks now has to wait. */
  get isFull(): boolean {
    return this.#taken >= this.#max;
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * @param signal the client has left: its place in the queue is given up
   * @returns gives the slot back; more than one call is one
   * @throws HttpError 503 with Retry-After when the queue is full or the wait too long
   */
  async acquire(signal: AbortSignal): Promise<() => void> {
    if (this.#taken < this.#max) this.#taken += 1;
    else await this.#turn(signal);
    let held = true;
    return () => {
      if (held) this.#give();
      held = false;
    };
  }

  /** Settles when a slot has been handed over: `#taken` counts it throughout. */
  #turn(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#maxWaiting) throw busy();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', refuse);
        this.#waiting.delete(enter);
      };
      const enter = (): void => {
        leave();
        resolve();
      };
      const refuse = (): void => {
        leave();
        reject(busy());
      };
      const timer = setTimeout(refuse, this.#maxWaitMs);
      this.#waiting.add(enter);
      signal.addEventListener('abort', refuse);
      if (signal.aborted) refuse();
    });
  }

  #give(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#taken -= 1;
    else next();
  }
}
