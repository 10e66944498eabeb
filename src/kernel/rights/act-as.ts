import type { Account } from './account.js';

/**
 * Runs synchronous work with another account's rights, if this process is root. The rights apply to the whole process,
 * including its threads: asynchronous work would lend them to all other code.
 * @param account undefined: keep this process's own rights
 */
export function actAs<T>(account: Account | undefined, work: () => T): T {
  if (account === undefined || process.geteuid?.() !== 0) return work();
  const groups = process.getgroups?.() ?? [];
  const gid = process.getegid?.() ?? 0;
  try {
    // The groups first: after the user has changed, the process may no longer change them.
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
