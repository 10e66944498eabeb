import type { PipeEnd } from './memory-pipe.js';

/** Maximum time for a response, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** A client on an in-memory connection. It reads everything that arrives. */
export class Client {
  readonly #end: PipeEnd;
  readonly #received: Buffer[] = [];
  readonly #closed: Promise<void>;

  constructor(end: PipeEnd) {
    this.#end = end;
    end.on('data', (piece: Buffer) => this.#received.push(piece));
    end.on('end', () => end.end());
    this.#closed = new Promise((resolve) => {
      end.on('close', resolve);
    });
  }

  /** All bytes received so far. */
  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  /** Settles when the server has read the bytes, or reads no more. */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#end.write(bytes, () => resolve());
    });
  }

  /** Closes the connection abruptly. */
  leave(): void {
    this.#end.destroy();
  }

  /**
   * Waits until the server closes the connection, or until enough has arrived; then closes it.
   * @returns all bytes received
   * @throws Error when neither happens within 15 s
   */
  async closed(isEnough: (received: Buffer) => boolean = () => false): Promise<Buffer> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.leave();
        reject(new Error(timeoutMessage(this.received)));
      }, TIMEOUT_MS);
    });
    this.#end.on('data', () => {
      if (isEnough(this.received)) this.leave();
    });
    await Promise.race([this.#closed, late]);
    clearTimeout(timer);
    return this.received;
  }

  /** Waits for the first bytes, or until the connection is closed. */
  async firstBytes(): Promise<void> {
    if (this.#received.length > 0) return;
    await Promise.race([this.#closed, new Promise((resolve) => this.#end.once('data', resolve))]);
  }
}

/** Shows the beginning and the end of what was received: they identify the response, and show whether it continues. */
function timeoutMessage(received: Buffer): string {
  const text = received.toString('latin1');
  const shown = text.length <= 600 ? text : `${text.slice(0, 400)} … ${text.slice(-100)}`;
  const hint = 'for a response without an end, set "until" to the text that ends the test';
  const seconds = TIMEOUT_MS / 1000;
  return `no complete response within ${seconds} s, only ${received.length} bytes: ${JSON.stringify(shown)}; ${hint}`;
}
