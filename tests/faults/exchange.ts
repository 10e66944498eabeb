import { connect, type Socket } from 'node:net';

/** Maximum time for a response, in milliseconds. */
const PATIENCE_MS = 20_000;

/** Reason for a missing response. `closed`: the connection ended before the first byte, and a client may retry. */
export type Trouble = 'refused' | 'closed' | 'cut' | 'late' | 'malformed';

export class ExchangeError extends Error {
  readonly trouble: Trouble;
  /** The client's port, by which the connection is found among the server's; 0 without a connection. */
  readonly port: number;

  constructor(trouble: Trouble, port: number, reason: string) {
    super(`${trouble}: ${reason}`);
    this.name = 'ExchangeError';
    this.trouble = trouble;
    this.port = port;
  }
}

export interface PlainAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** A connection of a strict client: unrequested bytes, and bytes that are not a response, are errors. */
export class Line {
  readonly #socket: Socket;
  readonly #port: number;
  #pieces: Buffer[] = [];
  #size = 0;
  #head: string | undefined;
  #whole = Number.POSITIVE_INFINITY;
  #over: string | undefined;
  #settle: (() => void) | undefined;
  /** Number of responses so far. */
  answered = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#port = socket.localPort ?? 0;
    socket.on('data', (piece: Buffer) => this.#take(piece));
    socket.on('end', () => this.#end('ended by the server'));
    socket.on('error', (error) => this.#end(error.message));
  }

  /** @throws ExchangeError `refused` */
  static connect(port: number): Promise<Line> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true });
      const refuse = (error: Error): void => reject(new ExchangeError('refused', 0, error.message));
      socket.once('error', refuse);
      socket.once('connect', () => {
        socket.off('error', refuse);
        resolve(new Line(socket));
      });
    });
  }

  /** False when the connection has ended, or has unrequested bytes. */
  get usable(): boolean {
    return this.#over === undefined;
  }

  /** Number of bytes that arrived without a request. */
  get stray(): number {
    return this.#settle === undefined ? this.#size : 0;
  }

  /** @throws ExchangeError */
  async ask(request: string): Promise<PlainAnswer> {
    if (this.#size > 0) throw this.#trouble('malformed', `unasked: ${this.#received()}`);
    this.#socket.write(request);
    await this.#settled();
    const head = this.#head;
    if (head === undefined || this.#size < this.#whole) {
      if (this.#over === undefined) throw this.#trouble('late', `nothing whole in ${PATIENCE_MS / 1000} s`);
      throw this.#trouble(this.#size === 0 ? 'closed' : 'cut', `${this.#over} after ${this.#size} bytes`);
    }
    const bytes = Buffer.concat(this.#pieces);
    if (this.#size > this.#whole) throw this.#trouble('malformed', 'more than the answer');
    this.#pieces = [];
    this.#size = 0;
    this.#head = undefined;
    this.#whole = Number.POSITIVE_INFINITY;
    this.answered += 1;
    const isLast = /\r\nConnection: close\r\n/i.test(head);
    if (isLast) this.close();
    return { status: Number(head.slice(9, 12)), head, body: bytes.toString('latin1', head.length) };
  }

  close(): void {
    this.#over ??= 'closed by the client';
    this.#socket.destroy();
  }

  #take(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#size += piece.length;
    if (this.#head === undefined) this.#readHead();
    if (this.#size >= this.#whole) this.#settle?.();
  }

  #readHead(): void {
    const text = Buffer.concat(this.#pieces).toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return;
    this.#head = text.slice(0, end + 4);
    const length = /\r\nContent-Length: (\d+)\r\n/i.exec(this.#head)?.[1];
    if (!/^HTTP\/1\.1 \d{3} /.test(text) || length === undefined) this.#end('no answer that can be read');
    else this.#whole = this.#head.length + Number(length);
  }

  #end(reason: string): void {
    this.#over ??= reason;
    this.#settle?.();
    this.#socket.destroy();
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PATIENCE_MS);
      this.#settle = () => {
        clearTimeout(timer);
        this.#settle = undefined;
        resolve();
      };
      if (this.#over !== undefined) this.#settle();
    });
  }

  #received(): string {
    return JSON.stringify(Buffer.concat(this.#pieces).toString('latin1').slice(0, 200));
  }

  #trouble(trouble: Trouble, reason: string): ExchangeError {
    this.close();
    return new ExchangeError(trouble, this.#port, reason);
  }
}
