import type { Config, RouteConfig } from '../../contract/config.js';
import type { Findings } from '../../diagnostics/findings.js';

/**
 * Warns where a route asks for a password and answers by `return`: that answers first, as in nginx, and so to everybody. Of
 * a `return` below a protected block, only one that sends something is told of: a redirect or an error gives nothing away.
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
    findings.warning('open-return', '"return" answers before "auth_basic" asks for a password', place, {
      hint: 'for everybody: auth_basic off; for those with a password: a file, and no return',
    });
  }
  for (const child of children) warnBelow(child, findings);
}

function isProtected(challenge: unknown): boolean {
  return challenge !== undefined && challenge !== 'off';
}

function statusOf(answer: unknown): number | undefined {
  if (typeof answer !== 'object' || answer === null || !('status' in answer)) return undefined;
  return typeof answer.status === 'number' ? answer.status : undefined;
}
