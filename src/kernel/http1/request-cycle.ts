import { thrownText } from '../diagnostics/error-text.js';
import type { Answerer } from '../exchange/dispatch.js';
import type { Exchange } from '../exchange/exchange.js';
import { earlyOwner } from '../hooks/answer-checks.js';
import { described, type TapOwner } from '../hooks/guard.js';
import { discard } from '../http/discard.js';
import { builtInErrorPage } from '../http/error-page.js';
import type { IncomingRequest, Response } from '../http/message.js';
import type { Log } from '../log/log.js';
import type { IncomingBody } from './body.js';
import type { ReceivedRequest } from './request.js';
import { serialise } from './serialised-cache.js';
import type { Delivery, Wire } from './writer.js';

/** What nginx logs for a client that left before its answer. */
const CLIENT_CLOSED_REQUEST = 499;

/** Content nobody read that is still taken in to keep the connection; beyond it the connection closes. */
const MAX_DRAINED = 256 * 1024;

/** @param response undefined where the client has left and nothing is sent */
export type Send = (turn: Turn, response: Response | undefined) => void;

/** One request on a connection, from its head to the end of its answer. */
export class Turn implements Answerer {
  readonly request: IncomingRequest;
  /** As received: how the answer ends depends on it, whatever a plugin does to the request. */
  readonly method: string;
  /** undefined when the request has no content. */
  readonly body: IncomingBody | undefined;
  /** As far as the client is concerned. */
  readonly keepAlive: boolean;
  /** `100 Continue` is owed before content is read. */
  owesContinue: boolean;
  /** It is settled what is answered; from here on it is on its way. */
  answered = false;
  /** The answer's last byte is handed over: only now may the next request be answered. */
  sent = false;
  /** It has its outcome. */
  ended = false;
  readonly #startedAt = performance.now();
  readonly #send: Send;
  #exchange: Exchange | undefined;
  /** Whose answer it has where there is no exchange. */
  #early: TapOwner | undefined;
  #status = CLIENT_CLOSED_REQUEST;

  constructor(received: ReceivedRequest, owesContinue: boolean, send: Send) {
    this.request = received.request;
    this.method = received.request.method;
    this.body = received.body;
    this.keepAlive = received.keepAlive;
    this.owesContinue = owesContinue;
    this.#send = send;
  }

  get receiving(): boolean {
    return this.body !== undefined && !this.body.complete;
  }

  /** False when what is left of the content is too much, or may never come: then the connection has to close. */
  get drainable(): boolean {
    const { body } = this;
    if (body === undefined || body.complete) return true;
    return !this.owesContinue && !body.failed && body.excess <= MAX_DRAINED;
  }

  /** For faults: which plugin and route answered. */
  get answeredBy(): string {
    const exchange = this.#exchange?.final;
    if (exchange === undefined) return this.#early === undefined ? 'no route' : described(this.#early);
    return exchange.answeredBy === undefined ? exchange.route.name : described(exchange.answeredBy);
  }

  routed(exchange: Exchange): void {
    this.#exchange = exchange;
  }

  /**
   * The client has ended its side and does not get what would have to be waited for.
   * @returns false where its route goes on all the same
   */
  leave(): boolean {
    return this.#exchange?.leave() ?? false;
  }

  /** Nothing but a tap of `onRequest` has seen it. */
  get isWithoutRoute(): boolean {
    return this.#exchange === undefined;
  }

  get durationMs(): number {
    return performance.now() - this.#startedAt;
  }

  get status(): number {
    return this.#status;
  }

  left(): void {
    this.#send(this, undefined);
  }

  answer(response: Response): void {
    this.#status = response.status;
    if (this.#exchange === undefined) this.#early = earlyOwner(response);
    this.#send(this, response);
  }

  /** Its answer as bytes; the built-in page for 500 where that cannot be sent, which is logged. */
  toWire(
    response: Response,
    keepAlive: boolean,
    { date, server }: Pick<Delivery, 'date' | 'server'>,
    log: Log,
  ): Wire {
    const { method, request } = this;
    const delivery = { method, version: request.version, keepAlive, date, server };
    try {
      return serialise(response, delivery);
    } catch (error) {
      discard(response);
      log.error(`${method} ${request.target} (${this.answeredBy}): ${thrownText(error)}`);
      return serialise(builtInErrorPage(500), delivery);
    }
  }

  end(bytesSent: number, complete: boolean): void {
    this.ended = true;
    this.#exchange?.end({ status: this.#status, bytesSent, durationMs: this.durationMs, complete });
  }
}
