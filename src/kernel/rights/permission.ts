import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Account } from './account.js';

/** Bits of a mode, as each of the three classes has them. */
export const MAY_SEARCH = 1;
export const MAY_WRITE = 2;

/** True when the mode gives an account these rights: access(2) asks for the process's real user only. */
export function permits({ uid, gid, mode }: Stats, rights: number, account: Account): boolean {
  if (account.uid === 0) return true;
  const isMember = account.gid === gid || account.groups.includes(gid);
  const shift = account.uid === uid ? 6 : isMember ? 3 : 0;
  return ((mode >> shift) & rights) === rights;
}

/** True when the account may reach what lies in the directory. */
export async function mayReach(directory: string, account: Account): Promise<boolean> {
  const stats = await stat(directory);
  if (!permits(stats, MAY_SEARCH, account)) return false;
  const parent = dirname(directory);
  return parent === directory || mayReach(parent, account);
}
