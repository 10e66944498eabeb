import { HttpError } from '../http/errors.js';
import type { IncomingRequest, Response } from '../http/message.js';
import { KNOWN_METHODS, NEVER_OFFERED } from '../http/methods.js';
import type { Route } from './route.js';

function allow(methods: ReadonlySet<string>, hasOptions: boolean): string {
  const names = new Set(methods);
  if (hasOptions) names.add('OPTIONS');
  return [...names].join(', ');
}

/** Responds to OPTIONS with the allowed methods (RFC 9110 §9.3.7). */
export function options(methods: ReadonlySet<string>): Response {
  return { status: 204, headers: { allow: allow(methods, true) } };
}

/** 405 with the allowed methods (RFC 9110 §15.5.6). */
export function methodNotAllowed(route: Route): HttpError {
  return new HttpError(405, { headers: { allow: allow(route.methods, !route.methodsDeclared) } });
}

/**
 * Handles what needs no plugin: methods that the route does not allow, and OPTIONS if no plugin handles it.
 * @returns undefined if the plugins handle the request
 * @throws HttpError 405, 501
 */
export function respondByMethod(
  request: Pick<IncomingRequest, 'method' | 'target'>,
  route: Route,
  routes: () => Iterable<Route>,
): Response | undefined {
  const { method } = request;
  if (method === 'OPTIONS') {
    if (request.target === '*') return options(new Set([...routes()].flatMap((each) => [...each.methods])));
    const isOffered = route.methods.has(method) || !route.methodsDeclared;
    if (isOffered && !route.hooks.methods.has(method)) return options(route.methods);
  }
  if (route.methods.has(method)) return undefined;
  if (!KNOWN_METHODS.has(method)) throw new HttpError(501, { reason: 'unknown method' });
  // Without a `methods` directive the plugins get the request first: a redirect takes any method.
  if (route.methodsDeclared || NEVER_OFFERED.has(method)) throw methodNotAllowed(route);
  return undefined;
}

/** Enforces a route's `methods` directive, if it has one. @throws HttpError 405 */
export function requireMethod({ method }: Pick<IncomingRequest, 'method'>, route: Route): void {
  if (route.methodsDeclared && !route.methods.has(method)) throw methodNotAllowed(route);
}
