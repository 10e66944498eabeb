import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { findAuthority, LocalAuthority } from '../../certificates/authority.js';
import { AuthorityError, certificateFile } from '../../certificates/authority-files.js';
import { defaultStateDirectory } from '../../kernel/config/compile/state-directory.js';
import { reasonOf } from '../../kernel/diagnostics/findings.js';
import type { Log } from '../../kernel/log/log.js';
import { type Account, workerAccount } from '../../kernel/rights/account.js';
import { load } from '../configuration.js';
import { type Given, locate } from '../configuration-file.js';
import { EXIT } from '../exit.js';
import { configurationLoaded } from '../loader-process.js';
import { shellWord } from '../shell-word.js';
import { heading, print, say } from '../terminal.js';
import { browserStores } from '../trust/browser-stores.js';
import { type Machine, thisMachine } from '../trust/machine.js';
import type { Trusted, TrustStore } from '../trust/store.js';
import { type SystemStore, systemStore } from '../trust/system-store.js';

export type TrustAction = 'show' | 'install' | 'uninstall';

/** Where the authority is, and the account of the workers of its server. */
export interface AuthorityPlace {
  /** Absolute. */
  readonly stateDirectory: string;
  readonly account: Account | undefined;
}

/**
 * @returns the exit code
 * @throws UsageError
 */
export async function trust(given: Given, action: TrustAction): Promise<number> {
  const place = await placeOf(given);
  if (place === undefined) return EXIT.failure;
  await configurationLoaded();
  return trustOn(thisMachine(), place, action);
}

async function placeOf(given: Given): Promise<AuthorityPlace | undefined> {
  const isAsked = given.config !== undefined || given.prefix !== undefined;
  if (!isAsked && (await locate(given)) === undefined)
    return { stateDirectory: defaultStateDirectory(process.env), account: undefined };
  const loaded = await load(given);
  if (loaded === undefined) return undefined;
  const { stateDir, user } = loaded.config.main;
  return { stateDirectory: stateDir, account: workerAccount(user) };
}

/** @returns the exit code */
export async function trustOn(machine: Machine, place: AuthorityPlace, action: TrustAction): Promise<number> {
  try {
    switch (action) {
      case 'show':
        return showPlan(machine, place);
      case 'install':
        return await install(machine, place);
      case 'uninstall':
        return await uninstall(machine, place);
    }
  } catch (error) {
    if (!(error instanceof AuthorityError)) throw error;
    say(error.message);
    return EXIT.failure;
  }
}

function showPlan(machine: Machine, { stateDirectory, account }: AuthorityPlace): number {
  const authority = findAuthority(stateDirectory, account);
  const trusted = trustedOf(stateDirectory, authority?.generation);
  const state =
    authority === undefined ? '--install creates it' : `valid until ${authority.certificate.validTo}`;
  print(`${heading('authority')}: ${trusted.file} (${state})\n`);
  const { system, browsers } = storesOf(trusted, machine);
  for (const { title, obstacle, installLines } of [system, ...browsers]) {
    const but = obstacle === undefined ? '' : ` ${obstacle}`;
    print(`\n${heading(title)}:${but}\n${indented(installLines)}`);
  }
  print(`\n${missingBrowsers(browsers, machine)}${byHand(trusted, system, machine)}`);
  say('nothing was changed; to do this: webserv trust --install');
  return EXIT.ok;
}

async function install(machine: Machine, { stateDirectory, account }: AuthorityPlace): Promise<number> {
  const { certificate, generation } = await LocalAuthority.open(stateDirectory, { account, log: toTerminal });
  const trusted = trustedOf(stateDirectory, generation);
  print(`${heading('authority')}: ${trusted.file}\n`);
  const { system, browsers } = storesOf(trusted, machine);
  const code = await changeEach([system, ...browsers], 'installLines', async (store) => {
    await store.install(certificate);
    return 'installed';
  });
  print(`\n${missingBrowsers(browsers, machine)}${byHand(trusted, system, machine)}`);
  return code;
}

/** Needs no authority: its names in the stores follow from the state directory. */
function uninstall(machine: Machine, { stateDirectory }: AuthorityPlace): Promise<number> {
  const { system, browsers } = storesOf(trustedOf(stateDirectory), machine);
  return changeEach([system, ...browsers], 'uninstallLines', async (store) =>
    (await store.uninstall()) ? 'removed' : 'was not installed',
  );
}

/**
 * Changes each store, also after one has failed, and prints what became of it.
 * @returns the exit code
 */
async function changeEach(
  stores: readonly TrustStore[],
  lines: 'installLines' | 'uninstallLines',
  change: (store: TrustStore) => Promise<string>,
): Promise<number> {
  let failed = 0;
  for (const store of stores) {
    try {
      print(`${heading(store.title)}: ${await change(store)}\n`);
    } catch (error) {
      failed += 1;
      print(`${heading(store.title)}: failed: ${reasonOf(error)}\n${indented(store[lines])}`);
    }
  }
  if (failed === 0) return EXIT.ok;
  say(`${failed} of ${stores.length} stores failed`);
  return EXIT.failure;
}

function trustedOf(stateDirectory: string, generation = 1): Trusted {
  const id = createHash('sha256').update(stateDirectory).digest('hex').slice(0, 8);
  const file = certificateFile(stateDirectory, generation);
  return { file, name: `webserv-local-authority-${id}`, generation };
}

interface Stores {
  readonly system: SystemStore;
  readonly browsers: readonly TrustStore[];
}

function storesOf(trusted: Trusted, machine: Machine): Stores {
  return { system: systemStore(trusted, machine), browsers: browserStores(trusted, machine) };
}

/** Shows how to create a database: browsers do it when they are first started, Chromium without a window does not. */
function missingBrowsers(browsers: readonly TrustStore[], { home }: Machine): string {
  if (browsers.length > 0) return '';
  const directory = join(home, '.pki/nssdb');
  return (
    `${heading('browsers')}: no database of Chromium or Firefox in ${home}; start the browser once, or, for Chromium:\n` +
    indented([
      `mkdir -p ${shellWord(directory)}`,
      `certutil -d ${shellWord(`sql:${directory}`)} -N --empty-password`,
    ]) +
    '\n'
  );
}

/** Steps that remain for the user. The state directory of root is closed to other users, unlike the store of the system. */
function byHand({ file }: Trusted, { copy = file }: SystemStore, { isRoot }: Machine): string {
  const readable = isRoot ? copy : file;
  return (
    `${heading('Node.js')}, in the environment of a program:\n` +
    indented([`export NODE_EXTRA_CA_CERTS=${shellWord(readable)}`]) +
    `\n${heading('phones and other machines')}: install this file there as the certificate of an authority:\n` +
    indented([readable])
  );
}

const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join('');

/** Shows the warnings of the authority, such as its renewal. That it was created, the result says. */
const toTerminal: Log = { debug: () => {}, info: () => {}, warn: say, error: say };
