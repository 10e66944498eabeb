import type { ConnectionSettings, ServerConfig } from '../contract/config.js';
import { logFault } from '../hooks/log-fault.js';
import { discard } from '../http/discard.js';
import { builtInErrorPage } from '../http/error-page.js';
import { asHttpError, HttpError } from '../http/errors.js';
import { type BoundedBody, boundedBody, type IncomingRequest, type Response } from '../http/message.js';
import type { Log } from '../log/log.js';
import { methodNotAllowed, options, requireMethod, respondByMethod } from '../routing/methods.js';
import type { Route } from '../routing/route.js';
import type { Match, RouteTable } from '../routing/route-table.js';
import { asErrorPage, redirectStatus } from './error-pages.js';
import { clientLeft, type ExchangeHost, end, type ForwardOptions, LiveExchange } from './exchange.js';
import { forwardedRequest } from './forward.js';
import { type TlsPolicy, tlsPolicy } from './misdirected.js';
import { meaninglessRequest, type RefusedRequest, refusalOf } from './refusal.js';
import type { Responder } from './responder.js';

type Asked = (error: unknown, response: Response | undefined) => void;

/**
 * A virtual server at work: from a request to its response. It knows nothing of sockets or of HTTP/1; requests of any
 * version are dispatched in the same way. Everything thrown on the way is caught here.
 */
export class Site implements ExchangeHost {
  readonly connection: ConnectionSettings;
  /** undefined if no address of it speaks TLS. */
  readonly tls: TlsPolicy | undefined;
  readonly #routes: RouteTable;
  readonly #log: Log;

  constructor(routes: RouteTable, { connection, tls }: Pick<ServerConfig, 'connection' | 'tls'>, log: Log) {
    this.#routes = routes;
    this.connection = connection;
    this.tls = tls && tlsPolicy(tls);
    this.#log = log;
  }

  /** Never throws; responds synchronously where neither a plugin nor the disk has to be waited for. */
  dispatch(request: IncomingRequest, responder: Responder): void {
    const route = this.#routes.find(request.path);
    if (route !== undefined) this.#dispatch(request, { route }, responder);
    else this.#routes.seek(request.path).then((match) => this.#dispatch(request, match, responder));
  }

  #dispatch(request: IncomingRequest, { route, guard, script, error }: Match, responder: Responder): void {
    // While a script was looked for, or a tap of onRequest waited.
    if (responder.ended) return;
    const exchange = new LiveExchange(request, route, this, responder, script);
    responder.routed(exchange);
    try {
      if (error !== undefined) throw error;
      const response = this.#respondWithoutPlugins(request, route, guard);
      if (response !== undefined) {
        this.#filter(exchange, response, responder);
        return;
      }
    } catch (failure) {
      this.#fail(exchange, failure, responder);
      return;
    }
    this.#askBoth(exchange, guard, (failure, response) => {
      if (response !== undefined) this.#filter(exchange, response, responder);
      else this.#fail(exchange, failure, responder);
    });
  }

  forward(from: LiveExchange, target: string, how: ForwardOptions): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#forward(from, target, how, (error, response) => {
        if (response !== undefined) resolve(response);
        else reject(error);
      });
    });
  }

  ended(exchange: LiveExchange): void {
    const { onDone, onRefused } = exchange.route.hooks;
    if (exchange.refused === undefined) onDone?.(exchange);
    else onRefused?.(exchange);
  }

  /** Tells the taps that ask for it of a request that had no route. */
  refused(request: RefusedRequest): void {
    // The server's own route comes first.
    const [route] = this.#routes.routes();
    if (route?.hooks.onRefused === undefined) return;
    const { status, bytesSent, durationMs, complete, peer } = request;
    const exchange = new LiveExchange(meaninglessRequest(peer), route, this, undefined, undefined, {
      refused: refusalOf(request),
    });
    exchange[end]({ status, bytesSent, durationMs, complete });
  }

  failed(exchange: LiveExchange, error: unknown): void {
    logFault(this.#log, exchange, error);
  }

  /** @throws HttpError 405, 413, 501 */
  #respondWithoutPlugins(
    request: IncomingRequest,
    route: Route,
    guard: Route | undefined,
  ): Response | undefined {
    if (guard !== undefined) requireMethod(request, guard);
    const response = respondByMethod(request, route, () => this.#routes.routes());
    if (response !== undefined) return response;
    for (const each of bothOf(route, guard)) limitBody(request[boundedBody], each);
    return undefined;
  }

  /** Asks the route's plugins when those of the guard that restrict access had nothing against it. */
  #askBoth(exchange: LiveExchange, guard: Route | undefined, done: Asked): void {
    const restrict = guard?.hooks.restrict;
    if (restrict === undefined) {
      this.#ask(exchange, done);
      return;
    }
    restrict(exchange, (error, response) => {
      if (error) done(error, undefined);
      else if (response !== undefined) this.#responded(exchange, response, done);
      else this.#ask(exchange, done);
    });
  }

  /** Asks the route's plugins. An error status without content counts as an error, so that it gets its page. */
  #ask(exchange: LiveExchange, done: Asked): void {
    const { route } = exchange;
    if (route.hooks.onRoute === undefined) {
      done(notFound, undefined);
      return;
    }
    route.hooks.onRoute(exchange, (error, response) => {
      if (error) done(error, undefined);
      else if (response === undefined && mayAskOptions(exchange)) done(undefined, options(route.methods));
      else if (response === undefined) done(noResponse(exchange), undefined);
      else this.#responded(exchange, response, done);
    });
  }

  #responded({ route }: LiveExchange, response: Response, done: Asked): void {
    if (response.status >= 400 && response.body === undefined) done(asError(response, route), undefined);
    else done(undefined, response);
  }

  #forward(from: LiveExchange, target: string, { method, errorStatus }: ForwardOptions, done: Asked): void {
    let request: IncomingRequest;
    try {
      request = forwardedRequest(from, target, method);
    } catch (error) {
      done(error, undefined);
      return;
    }
    const ask = ({ route, guard, script, error }: Match): void => {
      let exchange: LiveExchange;
      try {
        if (error !== undefined) throw error;
        for (const each of bothOf(route, guard)) {
          if (errorStatus === undefined) requireMethod(request, each);
          limitBody(request[boundedBody], each);
        }
        exchange = new LiveExchange(request, route, this, undefined, script, { origin: from, errorStatus });
      } catch (failure) {
        done(failure, undefined);
        return;
      }
      this.#askBoth(exchange, guard, done);
    };
    const route = this.#routes.find(request.path);
    if (route !== undefined) ask({ route });
    else this.#routes.seek(request.path).then(ask);
  }

  #filter(exchange: LiveExchange, response: Response, responder: Responder): void {
    const final = exchange.final;
    const { onResponse } = final.route.hooks;
    if (onResponse === undefined) {
      responder.respond(response);
      return;
    }
    onResponse(response, final, (error, filtered) => {
      if (!error) {
        responder.respond(filtered ?? response);
        return;
      }
      discard(response);
      if (!exchange[clientLeft] || !isAbort(error)) logFault(this.#log, exchange, error);
      const { status, headers } = asHttpError(error);
      responder.respond(builtInErrorPage(status, headers));
    });
  }

  #fail(exchange: LiveExchange, error: unknown, responder: Responder): void {
    if (exchange[clientLeft]) {
      if (!isAbort(error)) logFault(this.#log, exchange, error);
      responder.left();
      return;
    }
    // 501 is caused by the client: it is not a server error, and must not fill the log.
    if (!(error instanceof HttpError) || (error.status >= 500 && error.status !== 501)) {
      logFault(this.#log, exchange, error);
    }
    const { status, headers } = asHttpError(error);
    const page = exchange.final.route.errorPages.get(status);
    if (page === undefined) {
      this.#filter(exchange, builtInErrorPage(status, headers), responder);
      return;
    }
    if (!page.uri.startsWith('/')) {
      this.#filter(
        exchange,
        { status: redirectStatus(page), headers: { ...headers, location: page.uri }, body: '' },
        responder,
      );
      return;
    }
    this.#forward(exchange, page.uri, { method: 'GET', errorStatus: status }, (pageError, found) => {
      if (found !== undefined) {
        this.#filter(exchange, asErrorPage(found, page, status, headers), responder);
        return;
      }
      this.#log.warn(`${exchange.route.name}: error_page ${page.uri} for ${status}: ${String(pageError)}`);
      this.#filter(exchange, builtInErrorPage(status, headers), responder);
    });
  }
}

/** An error caused by aborting: not worth a report once the client has left. */
function isAbort(error: unknown): boolean {
  for (let fault = error; fault instanceof Error; fault = fault.cause) {
    if (fault instanceof HttpError || fault.name === 'AbortError') return true;
  }
  return false;
}

/**
 * The route's limit of the body, besides those of the routes that the request was forwarded from.
 * @throws HttpError 413 for a body that is, or has already become, larger
 */
function limitBody(body: BoundedBody, { maxBodySize }: Route): void {
  if (maxBodySize === 0) return;
  if ((body.length ?? body.received) > maxBodySize) throw new HttpError(413);
  body.restrict(maxBodySize);
}

function bothOf(route: Route, guard: Route | undefined): readonly Route[] {
  return guard === undefined ? [route] : [guard, route];
}

/** OPTIONS that a plugin offers, but not for what was asked for: a route of scripts has files too. */
function mayAskOptions({ request, route }: LiveExchange): boolean {
  return request.method === 'OPTIONS' && route.methods.has('OPTIONS');
}

/** RFC 9110 §15.5.5, §15.5.6: 405 where another method might have found a tap that responds. */
function noResponse(exchange: LiveExchange): HttpError {
  const { request, route } = exchange;
  const { methods } = route;
  return methods.size === 0 || methods.has(request.method) ? notFound : methodNotAllowed(route);
}

function asError({ status, headers = {} }: Response, route: Route): HttpError {
  if (status === 405 && headers.allow === undefined) return methodNotAllowed(route);
  return new HttpError(status, { headers });
}

/** Shared instance: capturing a stack per error would dominate the cost of the response. */
const notFound = new HttpError(404);
