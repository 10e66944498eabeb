import { setTimeout as sleep } from 'node:timers/promises';
import { ExchangeError, Line, type Trouble } from './exchange.js';
import { type Ask, askOf, readAnswer, targetOf } from './numbered-site.js';

export interface LoadOptions {
  readonly port: number;
  /** Number of clients that keep their connection as long as the server does. */
  readonly keepAlive: number;
  /** Number of clients that open a new connection for each request. */
  readonly oneShot: number;
  /** Milliseconds between two requests of a client. */
  readonly pauseMs: number;
  /**
   * Versions that a response may have: the oldest when the request is sent, the newest when the response has arrived.
   * Any when left out.
   */
  readonly versions?: () => { readonly oldest: number; readonly newest: number };
}

export interface Failure {
  readonly trouble: Trouble | 'mixed-up' | 'stale';
  /** The client's port; 0 without a connection. */
  readonly port: number;
  /** By performance.now(). */
  readonly at: number;
  readonly text: string;
}

/** Clients that send requests to the numbered site without end, and check every byte of every response. */
export class Load {
  answered = 0;
  /**
   * Requests on a kept connection that ended before the first byte of the response, and were sent again on a new one.
   * The server may close an idle connection at any time, and clients retry then (RFC 9112 §9.3.1).
   */
  retried = 0;
  readonly failures: Failure[] = [];
  /** Number of responses of each version, and of each worker. */
  readonly versions = new Map<number, number>();
  readonly workers = new Map<number, number>();
  readonly #options: LoadOptions;
  #answeredAt = performance.now();
  #silence = 0;
  readonly #clients: Promise<unknown>;
  #running = true;

  constructor(options: LoadOptions) {
    this.#options = options;
    const client = async (name: string, keeps: boolean): Promise<void> => {
      await sleep(Math.random() * options.pauseMs);
      await this.#client(name, keeps);
    };
    this.#clients = Promise.all([
      ...Array.from({ length: options.keepAlive }, (_, number) => client(`kept${number}`, true)),
      ...Array.from({ length: options.oneShot }, (_, number) => client(`once${number}`, false)),
    ]);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#clients;
  }

  /** The longest time without any response, in milliseconds. */
  get silence(): number {
    return Math.max(this.#silence, this.#running ? performance.now() - this.#answeredAt : 0);
  }

  count(trouble: Failure['trouble']): number {
    return this.failures.filter((failure) => failure.trouble === trouble).length;
  }

  /** Descriptions of failures. */
  get examples(): readonly string[] {
    return this.failures.map(({ text, at }) => `${(at / 1000).toFixed(2)} s: ${text}`);
  }

  async #client(name: string, keeps: boolean): Promise<void> {
    let line: Line | undefined;
    for (let number = 0; this.#running; number += 1) {
      if (line?.usable === false) {
        if (line.stray > 0) this.#fail('malformed', 0, `${name}: ${line.stray} bytes that nobody asked for`);
        line = undefined;
      }
      line = await this.#once(line, askOf(name, number), keeps);
      if (!keeps) {
        line?.close();
        line = undefined;
      }
      if (this.#options.pauseMs > 0) await sleep(this.#options.pauseMs * (0.5 + Math.random()));
    }
    line?.close();
  }

  /** @returns the connection for the next request */
  async #once(kept: Line | undefined, ask: Ask, keeps: boolean): Promise<Line | undefined> {
    const connection = keeps ? '' : 'Connection: close\r\n';
    const request = `GET ${targetOf(ask)} HTTP/1.1\r\nHost: load\r\n${connection}\r\n`;
    try {
      const line = kept ?? (await Line.connect(this.#options.port));
      const oldest = this.#options.versions?.().oldest ?? 0;
      const { status, body } = await line.ask(request);
      this.#check(ask, status, body, oldest);
      return line;
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      if (kept !== undefined && kept.answered > 0 && error.trouble === 'closed') {
        this.retried += 1;
        return this.#once(undefined, ask, keeps);
      }
      this.#fail(error.trouble, error.port, `${ask.id}: ${error.message}`);
      return undefined;
    }
  }

  #check(ask: Ask, status: number, body: string, oldest: number): void {
    const answer = status === 200 ? readAnswer(ask, body) : undefined;
    if (answer === undefined) {
      this.#fail('mixed-up', 0, `${ask.id}: ${status} ${JSON.stringify(body.slice(0, 150))}`);
      return;
    }
    const { version, worker } = answer;
    const newest = this.#options.versions?.().newest ?? version;
    if (version < oldest || version > newest) {
      this.#fail('stale', 0, `${ask.id}: version ${version}, not of ${oldest} to ${newest}`);
      return;
    }
    this.answered += 1;
    this.#silence = Math.max(this.#silence, performance.now() - this.#answeredAt);
    this.#answeredAt = performance.now();
    this.versions.set(version, (this.versions.get(version) ?? 0) + 1);
    this.workers.set(worker, (this.workers.get(worker) ?? 0) + 1);
  }

  #fail(trouble: Failure['trouble'], port: number, text: string): void {
    this.failures.push({ trouble, port, at: performance.now(), text });
  }
}
