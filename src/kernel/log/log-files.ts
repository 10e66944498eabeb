import { isAbsolute } from 'node:path';
import type { DiagnosticCode } from '../diagnostics/codes.js';
import { ConfigError } from '../diagnostics/config-error.js';
import type { Diagnostic, Place, Severity } from '../diagnostics/diagnostic.js';
import { errorCode } from '../diagnostics/error-code.js';
import { errorMessage } from '../diagnostics/error-text.js';
import type { Account } from '../rights/account.js';
import { sharedDirectory } from '../rights/shared-directory.js';
import { IS_LINK, writeProblem } from '../rights/write-problem.js';
import type { BufferedLog } from './buffered-log.js';
import type { Log } from './log.js';
import type { LogFile, LogFileOptions } from './log-file.js';
import { describedLogFile, stdoutLog } from './open-log-file.js';

/** A log file that a plugin needs. The kernel opens it with the rights that its directory allows. */
export interface LogDescription extends LogFileOptions {
  /** Absolute; undefined: standard output. */
  readonly path: string | undefined;
  /** For messages, such as "access log". */
  readonly name: string;
  /** The plugin's diagnostic code for a log that cannot be opened. */
  readonly code: string;
  /** The position in the configuration that names it. */
  readonly place: Place | undefined;
}

/** Creates a diagnostic of the plugin that described the log. */
export type Complain = (finding: {
  message: string;
  place: Place | undefined;
  hint: string;
  code: string;
}) => Diagnostic;

interface Described {
  readonly description: LogDescription;
  readonly log: BufferedLog;
  readonly complain: Complain;
}

const HINT = "name a file that the server's user can write to";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'a part of its path is a file, not a directory',
  EACCES: 'the server may not write there',
  EPERM: 'the server may not write there',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a directory',
  ENXIO: 'it is a pipe that no process reads',
  ELOOP: IS_LINK,
};

/** The logs of the plugins in one server process: one per path, however many routes log to it. */
export class LogFiles {
  readonly #log: Log;
  readonly #account: Account | undefined;
  readonly #described = new Map<string | undefined, Described>();

  /** @param account what the workers run as */
  constructor(log: Log, account: Account | undefined) {
    this.#log = log;
    this.#account = account;
  }

  /** Lines are buffered until the log is opened. */
  describe(description: LogDescription, complain: Complain): LogFile {
    const { path, name } = description;
    if (path !== undefined && !isAbsolute(path))
      throw new TypeError(`the path of the ${name} is not absolute: ${path}`);
    const known = this.#described.get(path);
    if (known !== undefined) return known.log;
    const report = (message: string): void => this.#log.error(`${name}: ${message}`);
    const options = { report, ...description };
    const log = path === undefined ? stdoutLog(options) : describedLogFile(path, options, this.#account);
    this.#described.set(path, { description, log, complain });
    return log;
  }

  /** Warns about log directories that other users can write to. */
  async doubts(): Promise<readonly Diagnostic[]> {
    const found = new Map<string, Diagnostic>();
    for (const { path, place } of Array.from(this.#described.values(), ({ description }) => description)) {
      const shared = path === undefined ? undefined : await sharedDirectory(path, this.#account);
      if (shared === undefined || found.has(shared.directory)) continue;
      const code: DiagnosticCode = 'log-directory';
      const { directory, message, hint } = shared;
      found.set(directory, { severity: 'warning', code, message, hint, place });
    }
    return [...found.values()];
  }

  /** Reports what prevents opening the logs, without opening any. */
  async problems(severity: Severity): Promise<readonly Diagnostic[]> {
    const found: Diagnostic[] = [];
    for (const { description, complain } of this.#described.values()) {
      const { path } = description;
      const problem = path === undefined ? undefined : await writeProblem(path, this.#account);
      if (problem !== undefined) found.push({ ...complain(notOpened(description, problem)), severity });
    }
    return found;
  }

  /**
   * Opens all logs. Call it before the process has given up root's rights.
   * @param mayLack true in a process that replaces one that served: a log that cannot be opened is reported and retried
   * @throws ConfigError with every log that cannot be opened
   */
  async open(mayLack: boolean): Promise<void> {
    const found: Diagnostic[] = [];
    for (const { description, log, complain } of this.#described.values()) {
      try {
        await log.open();
      } catch (error) {
        if (mayLack) log.openSoon();
        else found.push(complain(notOpened(description, openProblem(error))));
      }
    }
    if (found.length > 0) throw new ConfigError(found);
  }

  reopen(): void {
    for (const { log } of this.#described.values()) log.reopen();
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#described.values(), ({ log }) => log.close()));
  }
}

function notOpened({ name, path, code, place }: LogDescription, reason: string) {
  return { code, message: `the ${name} ${path} cannot be opened: ${reason}`, place, hint: HINT };
}

function openProblem(error: unknown): string {
  return REASONS[errorCode(error)] ?? errorMessage(error);
}
