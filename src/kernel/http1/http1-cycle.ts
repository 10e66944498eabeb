import { describeError } from '../diagnostics/error-text.js';
import { RequestCycle } from '../exchange/request-cycle.js';
import { discard } from '../http/discard.js';
import { builtInErrorPage } from '../http/error-page.js';
import type { Response } from '../http/message.js';
import type { Log } from '../log/log.js';
import type { FramedBody } from './body-framing.js';
import type { ReceivedRequest } from './request.js';
import { serialise } from './serialised-cache.js';
import type { Delivery, Wire } from './writer.js';

/** Body bytes that were not read and are still taken in to keep the connection; beyond them the connection closes. */
const MAX_DRAINED = 256 * 1024;

/** @param response undefined where the client has left and nothing is sent */
export type Send = (cycle: Http1Cycle, response: Response | undefined) => void;

/** A request of an HTTP/1 connection: how its body ends and how its response is framed. */
export class Http1Cycle extends RequestCycle {
  /** As received: how the response ends depends on it, whatever a plugin does to the request. */
  readonly method: string;
  /** undefined when the request has no body. */
  readonly body: FramedBody | undefined;
  /** As far as the client is concerned. */
  readonly keepAlive: boolean;
  /** `100 Continue` is owed before the body is read. */
  owesContinue: boolean;
  /** The response's last byte is handed over: only now may the next request be answered. */
  sent = false;
  readonly #send: Send;

  constructor({ request, body, keepAlive }: ReceivedRequest, owesContinue: boolean, send: Send) {
    super(request);
    this.method = request.method;
    this.body = body;
    this.keepAlive = keepAlive;
    this.owesContinue = owesContinue;
    this.#send = send;
  }

  get receiving(): boolean {
    return this.body !== undefined && !this.body.complete;
  }

  /** False when the rest of the body is too much, or may never come: then the connection has to close. */
  get drainable(): boolean {
    const { body } = this;
    if (body === undefined || body.complete) return true;
    return !this.owesContinue && !body.queue.failed && body.excess <= MAX_DRAINED;
  }

  protected override send(response: Response | undefined): void {
    this.#send(this, response);
  }

  /** Its response as bytes; the built-in page for 500 where that cannot be sent, which is logged. */
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
      log.error(`${method} ${request.target} (${this.answeredBy}): ${describeError(error)}`);
      return serialise(builtInErrorPage(500), delivery);
    }
  }
}
