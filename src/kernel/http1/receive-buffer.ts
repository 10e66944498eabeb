import type { Duplex } from 'node:stream';

/** Bytes of further requests that are read while one is answered; beyond them the socket is paused. */
const MAX_WAITING = 64 * 1024;

/** What comes from one client: what cannot be taken yet waits, and nothing more is read before that is much. */
export class ReceiveBuffer {
  readonly #stream: Duplex;
  /** Requests that wait for the answer before them. */
  #waiting: Buffer | undefined;
  #paused = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  get isEmpty(): boolean {
    return this.#waiting === undefined;
  }

  /** Has bytes wait, from `start` on, behind those that wait already. */
  hold(bytes: Buffer, start: number): void {
    const rest = start === 0 ? bytes : bytes.subarray(start);
    this.#waiting = this.#waiting === undefined ? rest : Buffer.concat([this.#waiting, rest]);
    if (this.#waiting.length >= MAX_WAITING) this.pause();
  }

  /** What waits, which does so no more. */
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
