import type { Account } from './account.js';

/**
 * Does something that does not wait with another account's rights, where this process is root. The rights hold for the
 * whole process, its threads included: work that waits would lend them to everything else.
 * @param account undefined: with the rights that this process has
 */
export function actAs<T>(account: Account | undefined, work: () => T): T {
  if (account === undefined || process.geteuid?.() !== 0) return work();
  const groups = process.getgroups?.() ?? [];
  const gid = process.getegid?.() ?? 0;
  try {
    // The groups first: once the user has changed there is no right left to change them.
    process.setgroups?.([...account.groups]);
    process.setegid?.(account.gid);
    process.seteuid?.(account.uid);
    return work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(gid);
    process.setgroups?.(groups);
  }
}
