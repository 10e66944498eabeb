import { userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { isRoot } from '../../rights/account.js';

/** The directory of Linux for what a service keeps. Also for a user without a home directory, as in some containers. */
const SYSTEM_DIRECTORY = '/var/lib/webserv';

/**
 * The state directory of a configuration without `state_dir`: `$STATE_DIRECTORY`, which systemd sets for a unit with
 * `StateDirectory=` (systemd.exec(5)); else that of the system for root, and that of the user (XDG Base Directory
 * Specification) for others. A relative path in these variables is ignored, as that specification demands.
 * @returns an absolute path; nothing is created
 */
export function defaultStateDirectory(
  environment: Readonly<Record<string, string | undefined>>,
  root: boolean = isRoot(),
): string {
  const { STATE_DIRECTORY: listed = '', XDG_STATE_HOME: ofUser = '' } = environment;
  // A unit may have several, separated by colons.
  const [first = ''] = listed.split(':');
  if (isAbsolute(first)) return first;
  if (root) return SYSTEM_DIRECTORY;
  if (isAbsolute(ofUser)) return join(ofUser, 'webserv');
  const home = homeOf(environment);
  return home === undefined ? SYSTEM_DIRECTORY : join(home, '.local/state/webserv');
}

function homeOf({ HOME: home = '' }: Readonly<Record<string, string | undefined>>): string | undefined {
  if (isAbsolute(home)) return home;
  try {
    return userInfo().homedir;
  } catch {
    return undefined; // the system does not know the user
  }
}
