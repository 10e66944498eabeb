import { formatHttpDate } from '../http-date.js';

/** Something whose time may run out. */
export interface Timed {
  /** On this clock's scale; Infinity when nothing is waited for. */
  readonly deadline: number;
  expire(): void;
}

/** How late a timeout may be. */
const TICK_MS = 250;

/**
 * One coarse clock for all connections: a timeout is a number that is written, not a timer that is started. Looking at
 * 10,000 numbers four times a second costs less than one timer a request.
 */
export class Clock {
  /** Milliseconds, as of the last tick. */
  now = performance.now();
  readonly #timed = new Set<Timed>();
  readonly #timer: NodeJS.Timeout;
  #second = 0;
  #date = '';

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
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

  watch(timed: Timed): void {
    this.#timed.add(timed);
  }

  unwatch(timed: Timed): void {
    this.#timed.delete(timed);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    this.now = performance.now();
    for (const timed of this.#timed) if (timed.deadline <= this.now) timed.expire();
  }
}
