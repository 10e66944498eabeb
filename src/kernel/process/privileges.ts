import type { Log } from '../log.js';

/** Whom a worker becomes once it has its sockets: `user NAME [GROUP]`. */
export interface UserSetting {
  readonly name: string;
  /** undefined: the user's own group. */
  readonly group: string | undefined;
}

/** A user and a group by their numbers. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Which of the two the system does not know; undefined when it knows both, or this process cannot ask for not being root. To
 * be asked before there are sockets, for then clients are at the door, and before anything else is under way: for a moment
 * this process is that user.
 */
export function unknownAccount(user: UserSetting): 'user' | 'group' | undefined {
  if (!isRoot()) return undefined;
  const { name, group = name } = user;
  // There is no other way to ask than to become it. As effective user and group, there is a way back.
  if (!succeeds(() => process.seteuid?.(name))) return 'user';
  process.seteuid?.(0);
  if (!succeeds(() => process.setegid?.(group))) return 'group';
  process.setegid?.(0);
  return undefined;
}

/**
 * Gives up the rights of root for good. The groups first: afterwards there is no right left to change them.
 * @returns whom this process has become; undefined when it stays what it was
 */
export function dropPrivileges(user: UserSetting | undefined, log: Log): Owner | undefined {
  if (user === undefined) return undefined;
  const { name, group = name } = user;
  if (!isRoot()) {
    log.warn(`user ${name}: only root can become another user; the directive is ignored`);
    return undefined;
  }
  // Its other groups too, as in a login: by one of them it may be allowed to read what is served.
  joinGroupsOf(name, group);
  process.setgid?.(group);
  process.setuid?.(name);
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

/** `process.initgroups`, which Node has and its types leave out. */
function joinGroupsOf(name: string, group: string): void {
  const initgroups: unknown = Reflect.get(process, 'initgroups');
  if (typeof initgroups === 'function') Reflect.apply(initgroups, process, [name, group]);
}

export const isRoot = (): boolean => process.getuid?.() === 0;

function succeeds(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}
