import type { PipeEnd } from './memory-pipe.js';

/** How long a server may take, in milliseconds. */
const PATIENCE_MS = 15_000;

/** A client on a connection: it reads all that comes, and says what it is told. */
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

  /** What has come so far. */
  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  /** Fulfilled when the server has taken the bytes, or takes no more. */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#end.write(bytes, () => resolve());
    });
  }

  /** Goes without a word. */
  leave(): void {
    this.#end.destroy();
  }

  /**
   * Waits for the server to close the connection, or until enough has come; then it leaves.
   * @returns all that came
   * @throws Error when neither is so within 15 s
   */
  async closed(isEnough: (received: Buffer) => boolean = () => false): Promise<Buffer> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.leave();
        reject(new Error(tooLate(this.received)));
      }, PATIENCE_MS);
    });
    this.#end.on('data', () => {
      if (isEnough(this.received)) this.leave();
    });
    await Promise.race([this.#closed, late]);
    clearTimeout(timer);
    return this.received;
  }

  /** Waits until something has come, or the connection is closed. */
  async answering(): Promise<void> {
    if (this.#received.length > 0) return;
    await Promise.race([this.#closed, new Promise((resolve) => this.#end.once('data', resolve))]);
  }
}

/** The first and the last of what came tell which answer it is, and whether it still goes on. */
function tooLate(received: Buffer): string {
  const text = received.toString('latin1');
  const shown = text.length <= 600 ? text : `${text.slice(0, 400)} … ${text.slice(-100)}`;
  const hint = 'of an answer without an end say "until" which text it is waited for';
  return `no whole answer within ${PATIENCE_MS / 1000} s, but ${received.length} bytes: ${JSON.stringify(shown)}; ${hint}`;
}
