import type { Log } from '../log.js';

/** Whom a worker becomes once it has its sockets: `user NAME [GROUP]`. */
export interface UserSetting {
  readonly name: string;
  /** undefined: the user's own group. */
  readonly group: string | undefined;
}

/**
 * Gives up the rights of root for good. The groups first: afterwards there is no right left to change them.
 * @throws Error for a user or group the system does not know
 */
export function dropPrivileges(user: UserSetting | undefined, log: Log): void {
  if (user === undefined) return;
  if (process.getuid?.() !== 0) {
    log.warn(`user ${user.name}: only root can become another user; the directive is ignored`);
    return;
  }
  const group = user.group ?? user.name;
  process.setgroups?.([group]);
  process.setgid?.(group);
  process.setuid?.(user.name);
}
