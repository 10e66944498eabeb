import { createWriteStream, type WriteStream } from 'node:fs';
import { type Log, type LogLevel, logLevels } from './log.js';

/** Lines that wait for a slow disk; beyond them lines are dropped and counted, requests never wait. */
const MAX_WAITING = 1024 * 1024;

const CONTROL = new Map<number, string>([
  [9, '\\t'],
  [10, '\n    '],
  [13, '\\r'],
]);

/**
 * One message is one entry: what a client or a script put into it cannot start another one. Its own line breaks (a
 * stack) are kept, indented.
 */
function printable(message: string): string {
  let text = '';
  for (const char of message) {
    const code = char.charCodeAt(0);
    const escaped = CONTROL.get(code);
    if (escaped !== undefined) text += escaped;
    else if (code < 0x20 || (code >= 0x7f && code <= 0x9f))
      text += `\\x${code.toString(16).padStart(2, '0')}`;
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

export function stderrTarget(): LogTarget {
  return { write: (line) => process.stderr.write(line), reopen: () => {}, close: () => Promise.resolve() };
}

/** Appends to a file. A file that cannot be written is reported on stderr once; the server serves on. */
export function fileTarget(path: string): LogTarget {
  let file = new LogFile(path);
  return {
    write: (line) => file.write(line),
    reopen: () => {
      void file.close();
      file = new LogFile(path);
    },
    close: () => file.close(),
  };
}

class LogFile {
  readonly #stream: WriteStream;
  #dropped = 0;
  #failed = false;

  constructor(path: string) {
    this.#stream = createWriteStream(path, { flags: 'a', mode: 0o640 });
    this.#stream.on('error', (error) => {
      if (!this.#failed) process.stderr.write(`webserv: cannot write ${path}: ${error.message}\n`);
      this.#failed = true;
    });
  }

  write(line: string): void {
    if (this.#failed || this.#stream.writableLength > MAX_WAITING) {
      this.#dropped += 1;
      return;
    }
    const note = this.#dropped === 0 ? '' : `(${this.#dropped} entries were dropped)\n`;
    this.#dropped = 0;
    this.#stream.write(note + line);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#failed) resolve();
      else this.#stream.end(() => resolve());
    });
  }
}

/** The error log: `2026-01-31T12:00:00.000Z [error] message`. */
export function createLog(level: LogLevel, target: LogTarget): Log {
  const threshold = logLevels.indexOf(level);
  const writer = (of: LogLevel): ((message: string) => void) => {
    if (logLevels.indexOf(of) < threshold) return () => {};
    return (message) => target.write(`${new Date().toISOString()} [${of}] ${printable(message)}\n`);
  };
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') };
}
