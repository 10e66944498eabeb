import { readFileSync } from 'node:fs';
import type { Log } from '../kernel/log/log.js';
import { type Account, isRoot, joinGroupsOf, type UserSetting } from '../kernel/rights/account.js';

/**
 * Gives up root's rights permanently, and verifies that they are gone.
 * @param account the system's account for `user`; undefined: this process keeps its account
 * @throws Error when this process still has root's rights
 */
export function dropPrivileges(user: UserSetting | undefined, account: Account | undefined, log: Log): void {
  if (user === undefined) return;
  const { name } = user;
  if (!isRoot()) {
    log.warn(`user ${name}: only root can switch to another user; the directive is ignored`);
    return;
  }
  if (account === undefined) throw new Error(`user ${name}: the system does not know the account`);
  // Groups first: after setuid the process may not change them.
  joinGroupsOf(name, account.gid);
  process.setgid?.(account.gid);
  process.setuid?.(account.uid);
  if (account.uid === 0) return;
  if (userIds().includes(0)) {
    throw new Error(
      `user ${name}: the worker still has root's rights after switching to that user, and refuses to serve; ` +
        'the system must let it switch permanently',
    );
  }
}

/**
 * Real, effective, and on Linux saved and file system user id: a process with any of them 0 can set the others to 0.
 */
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
