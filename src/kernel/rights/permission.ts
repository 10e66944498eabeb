import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Account } from './account.js';

/** Permission bits of one of the three classes of a mode. */
export const MAY_SEARCH = 1;
export const MAY_WRITE = 2;

/** True if the mode gives an account these rights. access(2) cannot be used: it checks the process's real user only. */
export function permits({ uid, gid, mode }: Stats, rights: number, account: Account): boolean {
  if (account.uid === 0) return true;
  const isMember = account.gid === gid || account.groups.includes(gid);
  const shift = account.uid === uid ? 6 : isMember ? 3 : 0;
  return ((mode >> shift) & rights) === rights;
}

/** True if the account may search the directory and all its parents. */
export async function mayReach(directory: string, account: Account): Promise<boolean> {
  const stats = await stat(directory);
  if (!permits(stats, MAY_SEARCH, account)) return false;
  const parent = dirname(directory);
  return parent === directory || mayReach(parent, account);
}
