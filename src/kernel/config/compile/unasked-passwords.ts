import type { Config, RouteConfig } from '../../contract/config.js';
import type { Findings } from '../../diagnostics/findings.js';

/**
 * Warns of a password file that is named where no password is asked for, neither there nor in a block inside: its author
 * takes the block for closed, and it is open, as it is in nginx.
 */
export function warnOfUnaskedPasswords({ uses, servers }: Config, findings: Findings): void {
  const warn = (block: Pick<RouteConfig, 'uses'>): void => {
    const [use] = block.uses.get('auth_basic_user_file') ?? [];
    if (use === undefined) return;
    const message = '"auth_basic_user_file" has no effect without "auth_basic": all clients have access';
    findings.warning('unasked-password', message, use.place, { hint: 'add: auth_basic "Members";' });
  };
  const visit = (route: RouteConfig): void => {
    if (!isAsked(route)) warn(route);
    for (const child of route.children) visit(child);
  };
  for (const { route } of servers) visit(route);
  if (!servers.some(({ route }) => isAsked(route))) warn({ uses });
}

/** `auth_basic off` counts: it states that no password is required. */
function isAsked({ uses, options, children }: RouteConfig): boolean {
  const challenge: unknown = options.get('basic-auth')?.auth_basic;
  return uses.has('auth_basic') || (challenge !== undefined && challenge !== 'off') || children.some(isAsked);
}
