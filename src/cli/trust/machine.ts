import { execFile } from 'node:child_process';
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { isRoot } from '../../kernel/rights/account.js';

/** The machine, and the user, that are to trust the local authority. Tests describe others. */
export interface Machine {
  /** Directory in front of the system's paths; empty on a real machine. */
  readonly root: string;
  /** Home directory of the user. */
  readonly home: string;
  /** Directories of programs. */
  readonly path: readonly string[];
  /** User id of this process. */
  readonly uid: number;
  readonly isRoot: boolean;
}

/** Programs of the system are often not in the search path of a user. */
const SYSTEM_PROGRAMS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];
/** Certutil takes milliseconds, and the hooks of `update-ca-certificates` for Java some seconds. */
const TIME_LIMIT_MS = 120_000;
const MAX_OUTPUT = 1024 * 1024;

export function thisMachine({ PATH = '' }: NodeJS.ProcessEnv = process.env): Machine {
  return {
    root: '',
    home: homedir(),
    path: [...PATH.split(delimiter).filter(Boolean), ...SYSTEM_PROGRAMS],
    uid: process.geteuid?.() ?? 0,
    isRoot: isRoot(),
  };
}

/** Absolute path of a program; undefined if it is not installed. */
export function findProgram(name: string, { path }: Machine): string | undefined {
  return path.map((directory) => join(directory, name)).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Names in a directory, sorted; none if it cannot be read. */
export function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

/**
 * Runs a program without a shell.
 * @throws Error with the first line of what it wrote to stderr
 */
export function runProgram(file: string, args: readonly string[], input = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { timeout: TIME_LIMIT_MS, maxBuffer: MAX_OUTPUT };
    const child = execFile(file, args, options, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(reasonOf(error, stderr)));
    });
    // A program that ends without reading its input has its reason in its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

function reasonOf({ code, signal, message }: Error & ExitOf, stderr: string): string {
  const [said = ''] = stderr.trim().split('\n', 1);
  if (said !== '') return said;
  return typeof code === 'number' ? `exit code ${code}` : (signal ?? message);
}

interface ExitOf {
  readonly code?: number | string | null | undefined;
  readonly signal?: string | null | undefined;
}
