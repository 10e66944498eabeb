import type { Place } from '../config/diagnostic.js';
import { reasonOf } from '../config/findings.js';
import { ConfigError } from '../errors.js';
import type { Log } from '../log.js';

/** Whom a worker becomes once it has its sockets: `user NAME [GROUP]`. */
export interface UserSetting {
  readonly name: string;
  /** undefined: the user's own group. */
  readonly group: string | undefined;
}

/**
 * Gives up the rights of root for good. The groups first: afterwards there is no right left to change them.
 * @param place where the configuration says so
 * @throws ConfigError for a user or group the system does not know
 */
export function dropPrivileges(user: UserSetting | undefined, place: Place | undefined, log: Log): void {
  if (user === undefined) return;
  if (process.getuid?.() !== 0) {
    log.warn(`user ${user.name}: only root can become another user; the directive is ignored`);
    return;
  }
  const group = user.group ?? user.name;
  try {
    process.setgroups?.([group]);
    process.setgid?.(group);
    process.setuid?.(user.name);
  } catch (error) {
    const message = `no worker can become user ${user.name} with group ${group}: ${reasonOf(error)}`;
    const hint = 'name a user and a group that there are: user NAME GROUP;';
    throw new ConfigError([{ severity: 'error', code: 'unknown-user', message, place, hint }]);
  }
}
