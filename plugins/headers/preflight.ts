import { discard, type Exchange, type Response, type ResponseHeaders } from '@webserv/server';
import type { CorsPolicy } from './cors.js';

/** The exchange of the client, whose request an error page is not answered with. */
function clientExchange(exchange: Exchange): Exchange {
  return exchange.origin === undefined ? exchange : clientExchange(exchange.origin);
}

/** Names and commas, of a length that somebody would write. */
const NAMES = /^[!#$%&'*+.^_`|~0-9A-Za-z, \t-]{1,2048}$/;

/** https://fetch.spec.whatwg.org/#cors-preflight-request: a browser asks before it sends what a page could not have. */
export function isPreflight({ request: { method, headers } }: Exchange): boolean {
  return method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method');
}

/** What may be asked of a route; which origin may, is added to every answer. */
export function answerPreflight(policy: CorsPolicy, { request, route }: Exchange): Response {
  const methods = policy.methods ?? [...route.methods].filter((method) => method !== 'OPTIONS').join(', ');
  const asked = request.headers.get('access-control-request-headers');
  const headers = policy.headers ?? (asked !== undefined && NAMES.test(asked) ? asked : undefined);
  const fields: ResponseHeaders = {
    ...(methods === '' ? {} : { 'access-control-allow-methods': methods }),
    ...(headers === undefined ? {} : { 'access-control-allow-headers': headers }),
    ...(policy.maxAge === undefined ? {} : { 'access-control-max-age': String(policy.maxAge) }),
    ...(policy.headers === undefined ? { vary: 'access-control-request-headers' } : {}),
  };
  return { status: 204, headers: fields };
}

/**
 * Where `methods` leaves OPTIONS out, the request is refused before a plugin is asked. A preflight is no use of the
 * route, but the question what may be used: it gets its answer all the same.
 */
export function insteadOfRefusal(policy: CorsPolicy, response: Response, exchange: Exchange): Response {
  if (response.status !== 405 && exchange.errorStatus !== 405) return response;
  const client = clientExchange(exchange);
  if (!isPreflight(client)) return response;
  discard(response);
  return answerPreflight(policy, client);
}
