import { discard, type Exchange, type Response, type ResponseHeaders } from '@webserv/server';
import type { CorsPolicy } from './cors.js';

/** Returns the exchange of the client's own request, which an error page's exchange is derived from. */
function clientExchange(exchange: Exchange): Exchange {
  return exchange.origin === undefined ? exchange : clientExchange(exchange.origin);
}

/** Names and commas, limited to a plausible length. */
const NAMES = /^[!#$%&'*+.^_`|~0-9A-Za-z, \t-]{1,2048}$/;

/**
 * https://fetch.spec.whatwg.org/#cors-preflight-request: browsers ask before they send a request that a plain form
 * could not send.
 */
export function isPreflight({ request: { method, headers } }: Exchange): boolean {
  return method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method');
}

/** Responds with the permissions of the route; those of the origin are added to every response. */
export function respondToPreflight(policy: CorsPolicy, { request, route }: Exchange): Response {
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
 * Where `methods` excludes OPTIONS, the request is rejected before any plugin sees it. A preflight does not use the
 * route but asks what is allowed, so it gets its response nevertheless.
 */
export function insteadOfRefusal(policy: CorsPolicy, response: Response, exchange: Exchange): Response {
  if (response.status !== 405 && exchange.errorStatus !== 405) return response;
  const client = clientExchange(exchange);
  if (!isPreflight(client)) return response;
  discard(response);
  return respondToPreflight(policy, client);
}
