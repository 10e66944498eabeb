import { execFileSync, spawnSync } from 'node:child_process';

/** When CI is set, no test may be skipped. */
export const isMissing = process.env.CI === undefined && spawnSync('htpasswd').error !== undefined;

/** Lines are created by Apache's own htpasswd. */
export function htpasswd(...args: readonly string[]): string {
  try {
    return execFileSync('htpasswd', [...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new Error('the program htpasswd is missing: install the package apache2-utils');
    throw error;
  }
}

/** A line of a password file. */
export const line = (kind: string, user: string, password: string): string =>
  htpasswd('-nb', ...kind.split(' '), user, password);
