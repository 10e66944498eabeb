import { describeError } from '../diagnostics/error-text.js';
import { earlyOwner } from '../hooks/result-checks.js';
import { respondedBy } from '../hooks/tapped-exchange.js';
import { ClientGone } from '../http/client-gone.js';
import { discard } from '../http/discard.js';
import { checkInterim, MAX_INTERIM, MAX_INTERIM_SIZE } from '../http/interim.js';
import type { IncomingRequest, Response, ResponseHeaders } from '../http/message.js';
import { described, type TapOwner } from '../http/tap-owner.js';
import type { Log } from '../log/log.js';
import { end, type LiveExchange, leave } from './exchange.js';
import type { Responder } from './responder.js';

/** The status that nginx logs for a client that left before its response. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * A request of a connection, from its head to the end of its response, whatever protocol it came by. It gets one
 * response; each protocol adds how that is sent.
 */
export abstract class RequestCycle implements Responder {
  readonly request: IncomingRequest;
  readonly #startedAt = performance.now();
  #responded = false;
  #ended = false;
  #exchange: LiveExchange | undefined;
  /** Whose response it has where there is no exchange. */
  #early: TapOwner | undefined;
  #status = CLIENT_CLOSED_REQUEST;
  /** Interim responses that were sent, and the characters of their fields. */
  #interim = 0;
  #interimSize = 0;

  constructor(request: IncomingRequest) {
    this.request = request;
  }

  /** Called once. @param response undefined where the client has left and nothing is sent */
  protected abstract send(response: Response | undefined): void;

  /**
   * Sends an interim response, ahead of the response.
   * @param headers checked
   * @returns false where the protocol, or the client's version of it, has none
   */
  protected abstract sendInterim(status: number, headers: ResponseHeaders): boolean;

  /** The response is settled; from here on it is on its way. */
  get responded(): boolean {
    return this.#responded;
  }

  /** It has its outcome. */
  get ended(): boolean {
    return this.#ended;
  }

  /** For messages: which plugin and route responded. */
  get respondedBy(): string {
    const exchange = this.#exchange?.final;
    if (exchange === undefined) return this.#early === undefined ? 'no route' : described(this.#early);
    const { [respondedBy]: owner } = exchange;
    return owner === undefined ? exchange.route.name : described(owner);
  }

  /** True when only taps of `onRequest` have seen it. */
  get isWithoutRoute(): boolean {
    return this.#exchange === undefined;
  }

  /** Milliseconds since its head was complete. */
  get durationMs(): number {
    return performance.now() - this.#startedAt;
  }

  get status(): number {
    return this.#status;
  }

  routed(exchange: LiveExchange): void {
    this.#exchange = exchange;
  }

  /**
   * Called when the client has ended its side and does not get what would have to be waited for.
   * @returns false where its route goes on all the same
   */
  leave(): boolean {
    return this.#exchange?.[leave]() ?? false;
  }

  inform(status: number, headers: ResponseHeaders): boolean {
    const size = checkInterim(status, headers);
    if (this.#responded || this.#ended || this.#interim >= MAX_INTERIM) return false;
    if (this.#interimSize + size > MAX_INTERIM_SIZE || !this.sendInterim(status, headers)) return false;
    this.#interim += 1;
    this.#interimSize += size;
    return true;
  }

  left(): void {
    if (this.#responded) return;
    this.#responded = true;
    this.send(undefined);
  }

  respond(response: Response): void {
    if (this.#responded) {
      discard(response);
      return;
    }
    this.#responded = true;
    this.#status = response.status;
    if (this.#exchange === undefined) this.#early = earlyOwner(response);
    this.send(response);
  }

  /** Logs why a response that was begun cannot be completed. A client that leaves is everyday, not an error. */
  reportBrokenOff(error: unknown, log: Log): void {
    if (error instanceof ClientGone) return;
    const { method, target } = this.request;
    log.error(`${method} ${target} (${this.respondedBy}): response broken off: ${describeError(error)}`);
  }

  /**
   * @param bytesSent of the body
   * @param complete false when the client did not get the whole response
   */
  end(bytesSent: number, complete: boolean): void {
    this.#ended = true;
    this.#exchange?.[end]({ status: this.#status, bytesSent, durationMs: this.durationMs, complete });
  }
}
