import { describeError } from '../diagnostics/error-text.js';
import { RequestCycle } from '../exchange/request-cycle.js';
import { discard } from '../http/discard.js';
import { builtInErrorPage } from '../http/error-page.js';
import type { Response, ResponseHeaders } from '../http/message.js';
import { readsTrailers } from '../http/trailers.js';
import type { Log } from '../log/log.js';
import type { FramedBody } from './body-framing.js';
import type { ReceivedRequest } from './request.js';
import { serialise } from './serialised-cache.js';
import type { Delivery, Wire } from './writer.js';

/**
 * Maximum unread body bytes that are received and discarded to keep the connection; beyond it the connection closes.
 */
const MAX_DRAINED = 256 * 1024;

/** The connection of a request, as its cycle uses it. */
export interface Sender {
  /** @param response undefined where the client has left and nothing is sent */
  respond(cycle: Http1Cycle, response: Response | undefined): void;
  /** @returns false where it cannot be sent */
  inform(cycle: Http1Cycle, status: number, headers: ResponseHeaders): boolean;
}

/** A request of an HTTP/1 connection, with the framing of its body and of its response. */
export class Http1Cycle extends RequestCycle {
  /** The method as received: the end of the response depends on it, even if a plugin changes the request. */
  readonly method: string;
  /** As received. */
  readonly version: ReceivedRequest['version'];
  /** undefined when the request has no body. */
  readonly body: FramedBody | undefined;
  /** True if the client permits another request on the connection. */
  readonly keepAlive: boolean;
  /** `100 Continue` must be sent before the body is read. */
  owesContinue: boolean;
  /** True when the response's last byte was handed to the system: only then may the next request be processed. */
  sent = false;
  readonly #sender: Sender;

  constructor({ request, body, keepAlive, version }: ReceivedRequest, owesContinue: boolean, sender: Sender) {
    super(request);
    this.method = request.method;
    this.version = version;
    this.body = body;
    this.keepAlive = keepAlive;
    this.owesContinue = owesContinue;
    this.#sender = sender;
  }

  get receiving(): boolean {
    return this.body !== undefined && !this.body.complete;
  }

  /** False if the rest of the body is too long, or may never arrive: then the connection must close. */
  get drainable(): boolean {
    const { body } = this;
    if (body === undefined || body.complete) return true;
    return !this.owesContinue && !body.queue.failed && body.excess <= MAX_DRAINED;
  }

  protected override send(response: Response | undefined): void {
    this.#sender.respond(this, response);
  }

  protected override sendInterim(status: number, headers: ResponseHeaders): boolean {
    return this.#sender.inform(this, status, headers);
  }

  /** Serialises the response. If it cannot be sent, logs why and serialises the built-in 500 page instead. */
  toWire(
    response: Response,
    keepAlive: boolean,
    { date, server }: Pick<Delivery, 'date' | 'server'>,
    log: Log,
  ): Wire {
    const { method, version, request } = this;
    const delivery = { method, version, keepAlive, date, server };
    try {
      if (response.trailers === undefined) return serialise(response, delivery);
      return serialise(response, { ...delivery, readsTrailers: readsTrailers(request) });
    } catch (error) {
      discard(response);
      log.error(`${method} ${request.target} (${this.respondedBy}): ${describeError(error)}`);
      return serialise(builtInErrorPage(500), delivery);
    }
  }
}
