import { HttpError } from '@webserv/server';

/** Value of Retry-After in seconds for rejected clients. */
const RETRY_AFTER_SECONDS = 5;

function busy(): HttpError {
  return new HttpError(503, {
    reason: 'too many scripts are running (cgi_max_processes)',
    headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
  });
}

/**
 * Slots for a limited number of processes, given out in order of arrival. When none is free, a request waits in a
 * bounded queue for a bounded time.
 */
export class Slots {
  readonly #max: number;
  readonly #maxWaiting: number;
  readonly #maxWaitMs: number;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  /** @param maxWaitMs maximum wait for a slot */
  constructor(max: number, maxWaiting: number, maxWaitMs: number) {
    this.#max = max;
    this.#maxWaiting = maxWaiting;
    this.#maxWaitMs = maxWaitMs;
  }

  /** Whether a new request would have to wait. */
  get isFull(): boolean {
    return this.#taken >= this.#max;
  }

  /** Number of waiting requests. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * @param signal aborted when the client has disconnected: its place in the queue is given up
   * @returns a function that releases the slot; calling it again has no effect
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

  /** Resolves when a slot has been handed over: `#taken` counts it throughout. */
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
