import { userInfo } from 'node:os';

/** A user with its groups, by number, as the system knows them. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

/** The account the workers run as: `user NAME [GROUP]`. */
export interface UserSetting {
  readonly name: string;
  /** undefined: the group of the user's name, or the user's own where there is none. */
  readonly group: string | undefined;
}

/** True while this process may do what root may. */
export const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * Looks an account up, by becoming it for a moment: there is no other way to ask the system.
 * @returns which of the two names the system does not know; undefined when this process is not root and cannot ask
 */
export function lookUpAccount({ name, group }: UserSetting): Account | 'user' | 'group' | undefined {
  if (!isRoot()) return undefined;
  const user = userNamed(name);
  if (user === undefined) return 'user';
  const gid = groupNamed(group ?? name) ?? (group === undefined ? user.gid : undefined);
  return gid === undefined ? 'group' : { uid: user.uid, gid, groups: groupsOf(name, gid) };
}

/** The account that the workers are to run as; undefined where none is named, or this process cannot become it. */
export function workerAccount(user: UserSetting | undefined): Account | undefined {
  const account = user === undefined ? undefined : lookUpAccount(user);
  return typeof account === 'object' ? account : undefined;
}

/** Joins the groups of a login. By one of them the user may be allowed to read what is served. */
export function joinGroupsOf(name: string, gid: number): void {
  // Node has it, and its types leave it out.
  const initgroups: unknown = Reflect.get(process, 'initgroups');
  if (typeof initgroups === 'function') Reflect.apply(initgroups, process, [name, gid]);
}

function userNamed(name: string): { readonly uid: number; readonly gid: number } | undefined {
  try {
    process.seteuid?.(name);
    // That of the effective user.
    const { uid, gid } = userInfo();
    return { uid, gid };
  } catch {
    return undefined;
  } finally {
    process.seteuid?.(0);
  }
}

function groupNamed(name: string): number | undefined {
  const before = process.getegid?.() ?? 0;
  try {
    process.setegid?.(name);
    return process.getegid?.();
  } catch {
    return undefined;
  } finally {
    process.setegid?.(before);
  }
}

function groupsOf(name: string, gid: number): readonly number[] {
  const before = process.getgroups?.() ?? [];
  try {
    joinGroupsOf(name, gid);
    return process.getgroups?.() ?? [];
  } finally {
    process.setgroups?.(before);
  }
}
