import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dialled, dial } from '../wire/transport.js';

/** Maximum wait for anything a test expects, in milliseconds. */
const PATIENCE_MS = 30_000;

/** Waits until a condition holds. @throws Error after a timeout */
export async function eventually(
  what: string,
  check: () => boolean | Promise<boolean>,
  withinMs = PATIENCE_MS,
  everyMs = 10,
): Promise<void> {
  for (const deadline = performance.now() + withinMs; performance.now() < deadline; await sleep(everyMs)) {
    if (await check()) return;
  }
  throw new Error(`${what}: not within ${withinMs / 1000} seconds`);
}

/** How a connection ended: by the server's FIN, by its reset, or not yet. */
export type End = 'open' | 'ended' | 'reset';

/** A client under the test's full control: it sends and reads on command, and may leave at any point. */
export class Client implements Disposable {
  readonly #socket: Socket;
  readonly #reset: Dialled['reset'];
  readonly #pieces: Buffer[] = [];
  readonly #keep: number;
  #size = 0;
  #readTo = Number.POSITIVE_INFINITY;
  #end: End = 'open';
  #endedAt = 0;

  private constructor({ socket, reset }: Dialled, keep: number) {
    this.#socket = socket;
    this.#reset = reset;
    this.#keep = keep;
    socket.on('data', (piece) => {
      if (this.#size < this.#keep) this.#pieces.push(piece);
      this.#size += piece.length;
      if (this.#size >= this.#readTo) socket.pause();
    });
    socket.on('end', () => this.#ended('ended'));
    socket.on('error', () => this.#ended('reset'));
  }

  /**
   * @param address a port, or a UNIX socket's path: a UNIX socket buffers 200 KB, not megabytes
   * @param reading false for a client that reads nothing until `read`
   * @param keep bytes after which the client only counts what it receives: about as many are in `text` and `bytes`
   */
  static async connect(
    address: number | string,
    { reading = true, keep = Number.POSITIVE_INFINITY } = {},
  ): Promise<Client> {
    const dialled = await dial({
      ...(typeof address === 'number' ? { host: '127.0.0.1', port: address } : { path: address }),
      noDelay: true,
      allowHalfOpen: true,
    });
    const client = new Client(dialled, keep);
    if (!reading) dialled.socket.pause();
    return client;
  }

  /** Everything received (or its beginning, with `keep`), one character per byte. */
  get text(): string {
    return this.bytes.toString('latin1');
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  /** Number of bytes received. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that were to be sent but that the system has not taken. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  get end(): End {
    return this.#end;
  }

  /** When the connection ended, by `performance.now()`. */
  get endedAt(): number {
    return this.#endedAt;
  }

  send(bytes: string | Uint8Array): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Sends FIN: nothing more is sent, responses are still read. */
  finish(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#reset();
  }

  /** Continues reading, up to about the given number of bytes. */
  read(bytes = Number.POSITIVE_INFINITY): void {
    this.#readTo = this.#size + bytes;
    this.#socket.resume();
  }

  /** A client that is not reading takes one byte. */
  sip(): void {
    this.#socket.read(1);
  }

  async received(pattern: string | RegExp): Promise<void> {
    const matches = (text: string): boolean =>
      typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text);
    await eventually(`${pattern} received`, () => matches(this.text)).catch((error: unknown) => {
      throw new Error(`${String(error)}; received: ${JSON.stringify(this.text.slice(0, 1000))}`);
    });
  }

  /** @returns everything received until the server's end of the connection */
  async closed(): Promise<string> {
    await eventually(`closed by the server`, () => this.#end !== 'open');
    return this.text;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #ended(how: End): void {
    if (this.#end !== 'open') return;
    this.#end = how;
    this.#endedAt = performance.now();
  }
}

/** Sends text byte by byte until it is complete or the server ends the connection. */
export async function drip(client: Client, text: string, everyMs: number): Promise<void> {
  for (const byte of text) {
    if (client.end !== 'open') return;
    client.send(byte);
    await sleep(everyMs);
  }
}

export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Parses consecutive responses delimited by Content-Length. @throws Error for any other bytes between them */
export function answersIn(text: string): Answer[] {
  const answers: Answer[] = [];
  for (let at = 0; at < text.length; ) {
    const headEnd = text.indexOf('\r\n\r\n', at) + 4;
    const head = text.slice(at, headEnd);
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1];
    const length = /\r\nContent-Length: (\d+)\r\n/.exec(head)?.[1];
    if (headEnd < 4 || status === undefined || length === undefined) {
      throw new Error(`no answer at ${at}: ${JSON.stringify(text.slice(at, at + 200))}`);
    }
    at = headEnd + Number(length);
    if (at > text.length)
      throw new Error(`the last response is cut short: ${at - text.length} bytes missing`);
    answers.push({ status: Number(status), head, body: text.slice(headEnd, at) });
  }
  return answers;
}
