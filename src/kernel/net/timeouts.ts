import { formatHttpDate } from '../http/date.js';

/** Something whose time may run out. */
export interface HasDeadline {
  /** On this timeouts's scale; Infinity when nothing is waited for. */
  readonly deadline: number;
  expire(): void;
}

export interface TimeoutsOptions {
  /** How late a timeout may be, in milliseconds; 250 when left out. */
  readonly tickMs?: number;
  /** Called with what an `expire` throws. */
  readonly failed: (error: unknown) => void;
}

const TICK_MS = 250;

/**
 * One coarse timeouts for all connections: a timeout is a number that is written, not a timer that is started. Looking at
 * 10,000 numbers four times a second costs less than one timer a request. No timeout is early; each is at most one tick
 * late.
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

  /** Milliseconds. Not the last tick's: a deadline that counts from there would come too early. */
  get now(): number {
    return performance.now();
  }

  /** The value of Date for an answer made now (RFC 9110 §6.6.1). */
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

  /** A timeout that fails must not keep the others from being looked at. */
  #expire(timed: HasDeadline): void {
    try {
      timed.expire();
    } catch (error) {
      this.#failed(error);
    }
  }
}
