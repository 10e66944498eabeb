import { statSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../../kernel/diagnostics/findings.js';
import { shellWord } from '../shell-word.js';
import { findProgram, type Machine, namesIn, runProgram } from './machine.js';
import { refuseFor, type Trusted, type TrustStore } from './store.js';

/** Databases of NSS below the home directory: browsers on Linux do not use the store of the system. */
const CHROMIUM = ['.pki/nssdb', '.local/share/pki/nssdb', 'snap/chromium/current/.pki/nssdb'];
/** Directories of profiles. */
const FIREFOX = [
  '.mozilla/firefox',
  '.config/mozilla/firefox',
  'snap/firefox/common/.mozilla/firefox',
  '.var/app/org.mozilla.firefox/.mozilla/firefox',
  'Library/Application Support/Firefox/Profiles',
];
const DATABASE = 'cert9.db';
/** More profiles than a user has. */
const MAX_DATABASES = 100;
/** Certificates under one nickname: `certutil -D` removes one of them. */
const MAX_REMOVED = 20;
/** Trusted to sign certificates of servers, and for nothing else. */
const TRUST = 'C,,';
/** In the message of `certutil -L` for a nickname that the database does not have. */
const NOT_FOUND = /could not find cert/i;
const NOT_INSTALLED =
  'certutil is not installed (apt install libnss3-tools, dnf install nss-tools, pacman -S nss)';

/** The databases of the user's browsers that exist. */
export function browserStores(trusted: Trusted, machine: Machine): readonly TrustStore[] {
  return databasesIn(machine.home)
    .slice(0, MAX_DATABASES)
    .map(([browser, directory]) => databaseStore(`${browser}, ${directory}`, directory, trusted, machine));
}

function databasesIn(home: string): readonly (readonly [browser: string, directory: string])[] {
  const chromium = CHROMIUM.map((name) => ['Chromium', join(home, name)] as const);
  const firefox = FIREFOX.flatMap((name) =>
    namesIn(join(home, name)).map((profile) => ['Firefox', join(home, name, profile)] as const),
  );
  return [...chromium, ...firefox].filter(([, directory]) => ownerOf(directory) !== undefined);
}

function databaseStore(
  title: string,
  directory: string,
  { file, name }: Trusted,
  machine: Machine,
): TrustStore {
  const certutil = findProgram('certutil', machine);
  const obstacle = obstacleOf(directory, certutil, machine);
  const database = ['-d', `sql:${directory}`];
  const nickname = ['-n', name];
  const lineOf = (...args: readonly string[]): string =>
    ['certutil', ...database, ...args].map(shellWord).join(' ');
  const run = async (args: readonly string[], input?: string): Promise<void> => {
    refuseFor(obstacle);
    await runProgram(certutil ?? '', [...database, ...args], input);
  };
  const hasOne = async (): Promise<boolean> => {
    try {
      await run(['-L', ...nickname]);
      return true;
    } catch (error) {
      if (NOT_FOUND.test(reasonOf(error))) return false;
      throw error;
    }
  };
  const removeAll = async (): Promise<boolean> => {
    let removed = 0;
    for (; removed < MAX_REMOVED && (await hasOne()); removed += 1) await run(['-D', ...nickname]);
    return removed > 0;
  };
  return {
    title,
    obstacle,
    installLines: [lineOf('-A', '-t', TRUST, ...nickname, '-i', file)],
    uninstallLines: [lineOf('-D', ...nickname)],
    async install(certificate) {
      await removeAll();
      // From its input, not by name: another process could replace a file in the meantime.
      await run(['-A', '-t', TRUST, ...nickname, '-a'], certificate);
    },
    uninstall: removeAll,
  };
}

/** Root could leave files that the user's browser cannot change. */
function obstacleOf(directory: string, certutil: string | undefined, { uid }: Machine): string | undefined {
  const owner = ownerOf(directory);
  if (owner !== uid) return `it belongs to user ${owner}, and can only be changed by that user`;
  return certutil === undefined ? NOT_INSTALLED : undefined;
}

/** Undefined if the directory has no database, or may not be entered. */
function ownerOf(directory: string): number | undefined {
  try {
    return statSync(join(directory, DATABASE)).uid;
  } catch {
    return undefined;
  }
}
