import { userInfo } from 'node:os';

/** A user and its groups, by number. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

/** The account to run the workers as: `user NAME [GROUP]`. */
export interface UserSetting {
  readonly name: string;
  /** undefined: the group with the user's name, or the user's primary group if no such group exists. */
  readonly group: string | undefined;
}

/** True while this process has root's rights. */
export const isRoot = (): boolean => process.getuid?.() === 0;

/** Accounts of the settings that were looked up, so that a configuration asks the system once. */
const known = new WeakMap<UserSetting, Account | 'user' | 'group'>();

/**
 * Looks up an account by switching to it for a moment: Node has no other way to ask the system. Every thread of the
 * process must switch, several times: this takes 1 to 3 ms of processor time.
 * @returns `'user'` or `'group'` if the system does not know that name; undefined if this process is not root and
 *   cannot ask
 */
export function lookUpAccount(setting: UserSetting): Account | 'user' | 'group' | undefined {
  if (!isRoot()) return undefined;
  const found = known.get(setting) ?? askSystem(setting);
  known.set(setting, found);
  return found;
}

function askSystem({ name, group }: UserSetting): Account | 'user' | 'group' {
  const user = userNamed(name);
  if (user === undefined) return 'user';
  const gid = groupNamed(group ?? name) ?? (group === undefined ? user.gid : undefined);
  return gid === undefined ? 'group' : { uid: user.uid, gid, groups: groupsOf(name, gid) };
}

/** The account to run the workers as; undefined if none is configured, or this process cannot switch to it. */
export function workerAccount(user: UserSetting | undefined): Account | undefined {
  const account = user === undefined ? undefined : lookUpAccount(user);
  return typeof account === 'object' ? account : undefined;
}

/** Joins the user's login groups: one of them may give the right to read the served files. */
export function joinGroupsOf(name: string, gid: number): void {
  // Node has initgroups, but its type declarations do not.
  const initgroups: unknown = Reflect.get(process, 'initgroups');
  if (typeof initgroups === 'function') Reflect.apply(initgroups, process, [name, gid]);
}

function userNamed(name: string): { readonly uid: number; readonly gid: number } | undefined {
  try {
    process.seteuid?.(name);
    // userInfo() returns the effective user.
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
