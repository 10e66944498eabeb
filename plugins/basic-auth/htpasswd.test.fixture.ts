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

/** Calls htpasswd for each pair of a kind and a password among its arguments. */
const EACH = 'while [ $# -gt 0 ]; do htpasswd -nb $1 u "$2" || exit; shift 2; done';

/** Hashes of passwords: one shell for all of them, because each process that this large one starts is expensive. */
export function hashesOf(pairs: readonly (readonly [kind: string, password: string])[]): readonly string[] {
  const output = execFileSync('/bin/sh', ['-c', EACH, 'sh', ...pairs.flat()], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return output.split(/\s+/).flatMap((line) => (line === '' ? [] : [line.slice('u:'.length)]));
}

/** A line of a password file. */
export const line = (kind: string, user: string, password: string): string =>
  htpasswd('-nb', ...kind.split(' '), user, password);
