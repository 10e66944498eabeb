import { HttpError } from '../http/errors.js';
import type { IncomingRequest, Response } from '../http/message.js';
import { KNOWN_METHODS, NEVER_OFFERED } from '../http/methods.js';
import type { Route } from './route.js';

function allow(methods: ReadonlySet<string>, optionsAnswered: boolean): string {
  const names = new Set(methods);
  if (optionsAnswered) names.add('OPTIONS');
  return [...names].join(', ');
}

/** RFC 9110 §9.3.7: nothing to say but what is allowed. */
export function options(methods: ReadonlySet<string>): Response {
  return { status: 204, headers: { allow: allow(methods, true) } };
}

/** RFC 9110 §15.5.6: 405 names what is allowed. */
export function methodNotAllowed(route: Route): HttpError {
  return new HttpError(405, { headers: { allow: allow(route.methods, !route.methodsDeclared) } });
}

/**
 * Settles what needs no plugin: methods the route does not take, and OPTIONS where nobody else answers it.
 * @throws HttpError 405, 501
 */
export function answerByMethod(
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
  // Without a `methods` directive whoever can answer is asked first: a redirect takes any method.
  if (route.methodsDeclared || NEVER_OFFERED.has(method)) throw methodNotAllowed(route);
  return undefined;
}

/** Holds a request to a route's `methods` directive, where there is one. @throws HttpError 405 */
export function requireMethod({ method }: Pick<IncomingRequest, 'method'>, route: Route): void {
  if (route.methodsDeclared && !route.methods.has(method)) throw methodNotAllowed(route);
}
