import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DiagnosticCode } from './config/codes.js';
import type { Config } from './config/compile.js';
import type { Diagnostic, Severity } from './config/diagnostic.js';
import { displayPath } from './config/display-path.js';
import { isRoot, type UserSetting, unknownAccount } from './process/privileges.js';

/** What the main block takes for granted of this machine, and is not so. Without these a start would fail later. */
export async function missingPrerequisites({ main, uses }: Config): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  const tell = (
    code: DiagnosticCode,
    { severity, directive, argument = 0, message, hint }: Missing,
  ): void => {
    const [use] = uses.get(directive) ?? [];
    found.push({ severity, code, message, place: use?.arguments[argument]?.place ?? use?.place, hint });
  };
  const { path: log } = main.errorLog;
  if (log !== undefined) for (const of of await unwritable('error_log', log)) tell('error-log', of);
  const { pidFile } = main;
  if (pidFile !== undefined) for (const of of await unwritable('pid', pidFile)) tell('pid-file', of);
  for (const of of await unknownAccounts(main.user)) tell('unknown-user', of);
  return found;
}

interface Missing {
  readonly severity: Severity;
  readonly directive: string;
  /** Which of its arguments it is about; the first one when left out. */
  readonly argument?: number;
  readonly message: string;
  readonly hint: string;
}

/** A folder that is not there may be made before the start, as a service manager does: that is no more than a warning. */
async function unwritable(directive: 'error_log' | 'pid', path: string): Promise<readonly Missing[]> {
  const problem = await problemWith(path);
  if (problem === undefined) return [];
  const what = directive === 'pid' ? 'pid file' : 'error log';
  const message = `the ${what} ${displayPath(path)} cannot be written: ${problem}`;
  if (problem === NO_FOLDER)
    return [{ severity: 'warning', directive, message, hint: 'make it before the start' }];
  return [{ severity: 'error', directive, message, hint: "name a file that the server's user can write to" }];
}

const NO_FOLDER = 'its folder does not exist';

/** Why a file could be neither made nor written to. */
async function problemWith(path: string): Promise<string | undefined> {
  const known = await stat(path).catch(() => undefined);
  if (known?.isDirectory()) return 'it is a folder';
  const folder = dirname(path);
  try {
    if (known !== undefined) await access(path, constants.W_OK);
    else if (!(await stat(folder)).isDirectory()) return `${displayPath(folder)} is a file`;
    else await access(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return isAbsent ? NO_FOLDER : 'it may not be written to';
  }
}

/**
 * Root can ask the system. Anybody else reads the machine's own tables, and accounts of a directory service are in none: so
 * that is no more than a warning.
 */
async function unknownAccounts(user: UserSetting | undefined): Promise<readonly Missing[]> {
  if (user === undefined) return [];
  if (!isRoot()) return (await unlistedAccounts(user)).map((which) => missing(user, which, 'warning'));
  const which = unknownAccount(user);
  return which === undefined ? [] : [missing(user, which, 'error')];
}

async function unlistedAccounts({ name, group = name }: UserSetting): Promise<readonly ('user' | 'group')[]> {
  const isUser = await isListed(name, '/etc/passwd');
  const isGroup = await isListed(group, '/etc/group');
  return [...(isUser ? [] : ['user' as const]), ...(isGroup ? [] : ['group' as const])];
}

function missing({ name, group }: UserSetting, which: 'user' | 'group', severity: Severity): Missing {
  if (which === 'user') {
    const hint = 'make it, or name another: the workers of a server started by root cannot start without it';
    return { severity, directive: 'user', message: `there is no user "${name}"`, hint };
  }
  const message = `there is no group "${group ?? name}"`;
  const hint = group === undefined ? `name the group too: user ${name} GROUP;` : 'make it, or name another';
  return { severity, directive: 'user', argument: group === undefined ? 0 : 1, message, hint };
}

/** Where there is no such table, nothing is known. */
async function isListed(name: string, table: string): Promise<boolean> {
  const text = await readFile(table, 'utf8').catch(() => undefined);
  return text === undefined || text.split('\n').some((line) => line.startsWith(`${name}:`));
}
