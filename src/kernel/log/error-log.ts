import type { Account } from '../rights/account.js';
import { type Log, type LogLevel, logLevels } from './log.js';
import { logFile, stderrLog } from './open-log-file.js';

const CONTROL = new Map<number, string>([
  [9, '\\t'],
  [10, '\n    '],
  [13, '\\r'],
]);

/**
 * Characters that a terminal or editor obeys without showing them: other control characters, format characters
 * (including those that reverse the direction of text), line and paragraph separators, and lone surrogates.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u;

/**
 * Formats one message as one entry: text from a client or script cannot start another entry. Line breaks, as in a
 * stack, are kept and indented.
 */
function printable(message: unknown): string {
  let text = '';
  // A plugin in plain JavaScript may log an Error object.
  for (const char of String(message)) {
    const code = char.charCodeAt(0);
    const escaped = CONTROL.get(code);
    if (escaped !== undefined) text += escaped;
    else if (code < 0x20 || (code >= 0x7f && code <= 0x9f))
      text += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (code >= 0xad && INVISIBLE.test(char)) text += `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
    else text += char;
  }
  return text;
}

/** The destination of log lines. */
export interface LogTarget {
  write(line: string): void;
  /** Opens the file again, after log rotation has moved it. */
  reopen(): void;
  close(): Promise<void>;
}

const gapLine = (dropped: number): string => `(${dropped} entries were dropped)\n`;

/**
 * Standard error. It may be a pipe that is not read, or a full disk, so lines are buffered within a bound and the
 * server never waits for them.
 */
export function stderrTarget(): LogTarget {
  const log = stderrLog({ flushMs: 0, gapLine });
  // Standard error was opened by the parent process, so it cannot be opened again.
  return { write: (line) => log.write(line), reopen: () => {}, close: () => log.close() };
}

/**
 * Appends to a file without delay: a line only waits for the previous write. A file that cannot be written is reported
 * once on stderr and retried; the server keeps serving.
 * @param account what the workers run as: its rights are used where users other than root can write
 */
export function fileTarget(path: string, account?: Account): LogTarget {
  return logFile(path, { flushMs: 0, gapLine }, account);
}

/** The error log: `2026-01-31T12:00:00.000Z [error] message`. */
export function createLog(level: LogLevel, target: Pick<LogTarget, 'write'>): Log {
  const threshold = logLevels.indexOf(level);
  const writer = (of: LogLevel): ((message: string) => void) => {
    if (logLevels.indexOf(of) < threshold) return () => {};
    return (message) => target.write(`${new Date().toISOString()} [${of}] ${printable(message)}\n`);
  };
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') };
}
