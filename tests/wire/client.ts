import type { Socket } from 'node:net';
import { type Dialled, dial } from './transport.js';

/** Maximum wait for expected bytes, in milliseconds. */
const PATIENCE_MS = 15_000;

/** A client that sends bytes on command and records what it receives. */
export class WireClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #reset: Dialled['reset'];
  #received = '';
  #closed = false;
  #ended = false;
  readonly #watchers = new Set<() => void>();

  private constructor({ socket, reset }: Dialled) {
    this.#socket = socket;
    this.#reset = reset;
    socket.on('data', (piece) => {
      this.#received += piece.toString('latin1');
      this.#notify();
    });
    socket.on('end', () => {
      this.#ended = true;
      this.#notify();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      this.#notify();
    });
  }

  static async connect(port: number): Promise<WireClient> {
    return new WireClient(await dial({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true }));
  }

  /** All bytes received so far, one character per byte. */
  get received(): string {
    return this.#received;
  }

  /** True when the server has ended its side. */
  get ended(): boolean {
    return this.#ended || this.#closed;
  }

  /** Resolves when the system has taken the bytes. */
  send(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, () => resolve());
    });
  }

  /** Stops reading, like a busy or hostile client. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends our side; the server may still respond. */
  end(): void {
    this.#socket.end();
  }

  /** Sends a reset instead of an end. */
  reset(): void {
    this.#reset();
  }

  /**
   * Waits until the received text contains a pattern. @throws Error if the server ends before, or the wait times out
   */
  async until(wanted: string): Promise<string> {
    await this.#watch(`for ${JSON.stringify(wanted)}`, () => this.#received.includes(wanted), true);
    return this.#received;
  }

  /** Waits until the server has ended its side. @returns everything received */
  async untilEnd(): Promise<string> {
    await this.#watch('for the end', () => this.ended, false);
    return this.#received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#socket.destroy();
    await this.#watch('to close', () => this.#closed, false);
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher();
  }

  #watch(what: string, isDone: () => boolean, failsAtEnd: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (problem?: string): void => {
        clearTimeout(timer);
        this.#watchers.delete(watcher);
        if (problem === undefined) resolve();
        else
          reject(new Error(`${problem} ${what}; received ${JSON.stringify(this.#received.slice(0, 2000))}`));
      };
      const watcher = (): void => {
        if (isDone()) settle();
        else if (failsAtEnd && this.ended) settle('the connection ended while waiting');
      };
      const timer = setTimeout(() => settle('waited too long'), PATIENCE_MS);
      this.#watchers.add(watcher);
      watcher();
    });
  }
}
