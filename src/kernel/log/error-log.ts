import type { Account } from '../rights/account.js';
import { type Log, type LogLevel, logLevels } from './log.js';
import { logFile, stderrLog } from './open-log-file.js';

const CONTROL = new Map<number, string>([
  [9, '\\t'],
  [10, '\n    '],
  [13, '\\r'],
]);

/**
 * What a terminal or an editor obeys without showing it: other controls, format characters (the ones that turn the
 * direction of text round among them), separators of lines and paragraphs, and halves of a character.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u;

/**
 * One message is one entry: what a client or a script put into it cannot start another one. Its own line breaks (a
 * stack) are kept, indented.
 */
function printable(message: unknown): string {
  let text = '';
  // A plugin in plain JavaScript may log an error as it is.
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

/** Where log lines go. */
export interface LogTarget {
  write(line: string): void;
  /** Opens the file anew, after whoever rotates logs has moved it. */
  reopen(): void;
  close(): Promise<void>;
}

const gapLine = (dropped: number): string => `(${dropped} entries were dropped)\n`;

/**
 * Standard error, which may be a pipe that nobody reads, or a full disk: lines wait in a bounded buffer, and nobody waits
 * for them.
 */
export function stderrTarget(): LogTarget {
  const log = stderrLog({ flushMs: 0, gapLine });
  // Whoever started the server opened it: there is nothing to open anew.
  return { write: (line) => log.write(line), reopen: () => {}, close: () => log.close() };
}

/**
 * Appends to a file, soon: a line waits only for the one before it. A file that cannot be written is reported on stderr
 * once and tried again; the server serves on.
 * @param account what the workers run as: its rights are used where others than root can write
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
