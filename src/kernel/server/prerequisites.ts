import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { packageDirectory } from '../../package-directory.js';
import type { Config } from '../contract/config.js';
import type { DiagnosticCode } from '../diagnostics/codes.js';
import type { Diagnostic, Severity } from '../diagnostics/diagnostic.js';
import { displayPath } from '../diagnostics/display-path.js';
import { type Account, isRoot, lookUpAccount, type UserSetting, workerAccount } from '../rights/account.js';
import { mayReach } from '../rights/permission.js';
import { sharedDirectory } from '../rights/shared-directory.js';
import { NO_DIRECTORY, writeProblem } from '../rights/write-problem.js';

/**
 * Prerequisites of the main block that this machine does not meet; a start would fail without them.
 * @param account the account of the workers
 */
export async function missingPrerequisites(
  { main, uses }: Config,
  account: Account | undefined,
): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  const tell = (
    code: DiagnosticCode,
    { severity, directive, argument = 0, message, hint }: Missing,
  ): void => {
    const [use] = uses.get(directive) ?? [];
    found.push({ severity, code, message, place: use?.arguments[argument]?.place ?? use?.place, hint });
  };
  const { path: log } = main.errorLog;
  if (log !== undefined) {
    const shared = await sharedDirectory(log, account);
    if (shared !== undefined)
      tell('log-directory', { ...shared, severity: 'warning', directive: 'error_log' });
  }
  if (log !== undefined) for (const of of await unwritable('error_log', log, account)) tell('error-log', of);
  const { pidFile } = main;
  if (pidFile !== undefined) for (const of of await unwritable('pid', pidFile, account)) tell('pid-file', of);
  for (const of of await unknownAccounts(main.user)) tell('unknown-user', of);
  return found;
}

/** Said where a server is started or checked by the command: a test in a process of root's is not a server. */
export async function rightsOfWorkers({ main, uses }: Config): Promise<readonly Diagnostic[]> {
  if (!isRoot()) return [];
  if (main.user === undefined) return [runsAsRoot];
  const account = workerAccount(main.user);
  const program = fileURLToPath(new URL('dist/', packageDirectory));
  if (account === undefined || (await mayReach(program, account).catch(() => true))) return [];
  const code: DiagnosticCode = 'program-unreadable';
  return [
    {
      severity: 'warning',
      code,
      message: `user "${main.user.name}" may not read the server's own program in ${displayPath(program)}: what it loads while it serves is missing, such as the check of passwords`,
      place: uses.get('user')?.[0]?.place,
      hint: 'install it where every user may read, or open the directories on the way: chmod a+x',
    },
  ];
}

const runsAsRoot: Diagnostic = {
  severity: 'warning',
  code: 'runs-as-root' satisfies DiagnosticCode,
  message: 'started as root without "user": requests are handled, and plugins and scripts run, as root',
  place: undefined,
  hint: 'set the user of the workers: "user www-data;", or, if root is intended, as in a container: "user root;"',
};

interface Missing {
  readonly severity: Severity;
  readonly directive: string;
  /** Which of its arguments it is about; the first one when left out. */
  readonly argument?: number;
  readonly message: string;
  readonly hint: string;
}

/** A missing directory may be created before the start, for instance by a service manager: it is only a warning. */
async function unwritable(
  directive: 'error_log' | 'pid',
  path: string,
  account: Account | undefined,
): Promise<readonly Missing[]> {
  const problem = await writeProblem(path, account);
  if (problem === undefined) return [];
  const what = directive === 'pid' ? 'pid file' : 'error log';
  const message = `the ${what} ${displayPath(path)} cannot be written: ${problem}`;
  if (problem === NO_DIRECTORY)
    return [{ severity: 'warning', directive, message, hint: 'create it before the start' }];
  return [{ severity: 'error', directive, message, hint: "name a file that the server's user can write to" }];
}

/**
 * Root can ask the system. Other users read the machine's own tables, which do not list the accounts of a directory
 * service: a missing account is then only a warning.
 */
async function unknownAccounts(user: UserSetting | undefined): Promise<readonly Missing[]> {
  if (user === undefined) return [];
  if (!isRoot()) return (await unlistedAccounts(user)).map((which) => missing(user, which, 'warning'));
  const which = lookUpAccount(user);
  return typeof which === 'string' ? [missing(user, which, 'error')] : [];
}

async function unlistedAccounts({ name, group }: UserSetting): Promise<readonly ('user' | 'group')[]> {
  const isUser = await isListed(name, '/etc/passwd');
  // Where none is named, the user's own is known with the user.
  const isGroup = group === undefined || (await isListed(group, '/etc/group'));
  return [...(isUser ? [] : ['user' as const]), ...(isGroup ? [] : ['group' as const])];
}

function missing({ name, group }: UserSetting, which: 'user' | 'group', severity: Severity): Missing {
  if (which === 'user') {
    const hint = 'create it, or name another: the workers of a server that is started as root need it';
    return { severity, directive: 'user', message: `there is no user "${name}"`, hint };
  }
  const message = `there is no group "${group}"`;
  const hint = `create it, or name another; the default is ${name}'s own: user ${name};`;
  return { severity, directive: 'user', argument: 1, message, hint };
}

/** Where there is no such table, nothing is known. */
async function isListed(name: string, table: string): Promise<boolean> {
  const text = await readFile(table, 'utf8').catch(() => undefined);
  return text === undefined || text.split('\n').some((line) => line.startsWith(`${name}:`));
}
