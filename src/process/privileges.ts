import { readFileSync } from 'node:fs';
import type { Log } from '../kernel/log/log.js';
import { type Account, isRoot, joinGroupsOf, type UserSetting } from '../kernel/rights/account.js';

/**
 * Gives up the rights of root for good, and makes sure of it.
 * @param account `user` as the system knows it; undefined: this process stays what it is
 * @throws Error when a right of root is left
 */
export function dropPrivileges(user: UserSetting | undefined, account: Account | undefined, log: Log): void {
  if (user === undefined) return;
  const { name } = user;
  if (!isRoot()) {
    log.warn(`user ${name}: only root can become another user; the directive is ignored`);
    return;
  }
  if (account === undefined) throw new Error(`user ${name}: the system does not know the account`);
  // The groups first: afterwards there is no right left to change them.
  joinGroupsOf(name, account.gid);
  process.setgid?.(account.gid);
  process.setuid?.(account.uid);
  if (account.uid === 0) return;
  if (userIds().includes(0)) {
    throw new Error(
      `user ${name}: the worker is still root after it became that user, and refuses to serve; the system must let it change its user for good`,
    );
  }
}

/** Real, effective, and on Linux saved and file system user: with any of them 0 the others can become 0 again. */
function userIds(): readonly (number | undefined)[] {
  return [process.getuid?.(), process.geteuid?.(), ...(process.platform === 'linux' ? systemIds() : [])];
}

function systemIds(): readonly number[] {
  try {
    const [, ids = ''] = /^Uid:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return ids.split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
