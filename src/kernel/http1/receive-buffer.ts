import type { Duplex } from 'node:stream';

/** Bytes of further requests that are read during a response; beyond them the socket is paused. */
const MAX_WAITING = 64 * 1024;

/** Buffers bytes from one client that cannot be processed yet, and pauses the socket before there are too many. */
export class ReceiveBuffer {
  readonly #stream: Duplex;
  /** Requests that wait for an earlier response. */
  #waiting: Buffer | undefined;
  #paused = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  get isEmpty(): boolean {
    return this.#waiting === undefined;
  }

  /** Appends the bytes from `start` on to the waiting ones. */
  hold(bytes: Buffer, start: number): void {
    const rest = start === 0 ? bytes : bytes.subarray(start);
    this.#waiting = this.#waiting === undefined ? rest : Buffer.concat([this.#waiting, rest]);
    if (this.#waiting.length >= MAX_WAITING) this.pause();
  }

  /** Removes and returns the waiting bytes. */
  drain(): Buffer | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#paused || this.#stream.destroyed) return;
    this.#paused = false;
    this.#stream.resume();
  }
}
