import type { Config, RouteConfig } from '../../contract/config.js';
import type { Findings } from '../../diagnostics/findings.js';

/**
 * Warns about a route that asks for a password and responds with `return`: as in nginx, `return` comes first, so every
 * client gets it. Below a protected block, only a `return` that sends text is reported: a redirect or an error reveals
 * nothing.
 */
export function warnOfOpenReturns({ servers }: Config, findings: Findings): void {
  for (const { route } of servers) warnBelow(route, findings);
}

function warnBelow(route: RouteConfig, findings: Findings): void {
  const { uses, options, children } = route;
  const isOwn = uses.has('auth_basic') && uses.has('return');
  const status = statusOf(options.get('redirect')?.return);
  if (
    isProtected(options.get('basic-auth')?.auth_basic) &&
    status !== undefined &&
    (isOwn || (status < 300 && (uses.has('auth_basic') || uses.has('return'))))
  ) {
    const place = uses.get('return')?.[0]?.place ?? uses.get('auth_basic')?.[0]?.place ?? route.place;
    findings.warning('open-return', '"return" responds before "auth_basic" asks for a password', place, {
      hint: 'if all clients may have it: auth_basic off; otherwise serve a file instead of "return"',
    });
  }
  for (const child of children) warnBelow(child, findings);
}

function isProtected(challenge: unknown): boolean {
  return challenge !== undefined && challenge !== 'off';
}

function statusOf(response: unknown): number | undefined {
  if (typeof response !== 'object' || response === null || !('status' in response)) return undefined;
  return typeof response.status === 'number' ? response.status : undefined;
}
