import { formatHttpDate } from '../http/date.js';

/** An object with a deadline. */
export interface HasDeadline {
  /** On the scale of `Timeouts.now`; Infinity without a deadline. */
  readonly deadline: number;
  expire(): void;
}

export interface TimeoutsOptions {
  /** Maximum delay of a timeout, in milliseconds; default 250. */
  readonly tickMs?: number;
  /** Called with an exception that an `expire` throws. */
  readonly failed: (error: unknown) => void;
}

const TICK_MS = 250;

/**
 * The deadlines of all connections, checked by one coarse timer: setting a timeout writes a number and starts no timer.
 * Checking 10,000 numbers four times a second costs less than one timer per request. A timeout is never early, and at
 * most one tick late.
 */
export class Timeouts {
  readonly #timed = new Set<HasDeadline>();
  readonly #timer: NodeJS.Timeout;
  readonly #failed: (error: unknown) => void;
  #second = 0;
  #date = '';

  constructor({ tickMs = TICK_MS, failed }: TimeoutsOptions) {
    this.#failed = failed;
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#timer.unref();
  }

  /** The current time in milliseconds. Not the time of the last tick: deadlines relative to that would be too early. */
  get now(): number {
    return performance.now();
  }

  /** The value of Date for a response created now (RFC 9110 §6.6.1). */
  date(): string {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#date = formatHttpDate(second * 1000);
    }
    return this.#date;
  }

  watch(timed: HasDeadline): void {
    this.#timed.add(timed);
  }

  unwatch(timed: HasDeadline): void {
    this.#timed.delete(timed);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    for (const timed of this.#timed) if (timed.deadline <= now) this.#expire(timed);
  }

  /** A timeout that throws must not prevent the others from being checked. */
  #expire(timed: HasDeadline): void {
    try {
      timed.expire();
    } catch (error) {
      this.#failed(error);
    }
  }
}
