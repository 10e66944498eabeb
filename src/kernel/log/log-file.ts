import { resolve } from 'node:path';
import type { Account } from '../rights/account.js';
import { streamAt } from '../rights/own-stream.js';
import { BufferedLog } from './buffered-log.js';
import { openFileSink, openStreamSink } from './log-sink.js';

/** A file, or standard output, that lines are appended to. */
export interface LogFile {
  /**
   * Takes a line, with its line break, or what makes one. It never waits and never throws: lines are gathered and written
   * together, and where the disk is too slow or full they are dropped and counted. What is in the line is the caller's
   * to escape.
   * @param line a function is called before the lines are written, at most 128 of them at a time: lines made in a row,
   *   where the code for it stays in the processor's caches, cost half as much. It must not depend on what changes
   */
  write(line: string | (() => string)): void;
  /** Whoever rotates logs has moved the file: what was taken so far still goes there, what comes next into a new one. */
  reopen(): void;
  /** Writes what was taken, for at most 3 s. What is given afterwards is ignored. */
  close(): Promise<void>;
}

export interface LogFileOptions {
  /**
   * For how many milliseconds lines are gathered before they are written; sooner when they are 64 KiB. 0: whenever the
   * file takes more. 100 when left out.
   */
  readonly flushMs?: number;
  /** Bytes of memory for lines that wait; at least 128 KiB, 1 MiB when left out. */
  readonly maxWaiting?: number;
  /** Told once when writing fails, and when it works again. Standard error when left out. */
  readonly report?: (message: string) => void;
  /** A line that says in the file how many are missing there; without it, `report` is told. */
  readonly gapLine?: (dropped: number) => string;
}

const paths = new Set<string>();

/** The files that this process has opened as logs; absolute. */
export function logFilePaths(): readonly string[] {
  return [...paths];
}

function remember(path: string): void {
  if (streamAt(path) === undefined) paths.add(resolve(path));
}

/**
 * Appends to a file, made with mode 0640 where it is not there. Lines of several processes do not mix.
 * @throws the system's error when it cannot be opened
 */
export async function openLogFile(path: string, options: LogFileOptions = {}): Promise<LogFile> {
  const log = describedLogFile(path, options);
  await log.open();
  return log;
}

/** A log that is not opened before somebody says so: its lines wait until then. */
export function describedLogFile(path: string, options: LogFileOptions = {}, account?: Account): BufferedLog {
  const open = () => {
    remember(path);
    return openFileSink(path, account);
  };
  return new BufferedLog(path, open, options);
}

/** The same, opened soon: a file that cannot be opened is reported and tried again, as one that cannot be written. */
export function logFile(path: string, options: LogFileOptions = {}, account?: Account): LogFile {
  const log = describedLogFile(path, options, account);
  log.openSoon();
  return log;
}

/** Writes lines to standard output as to a file. */
export function stdoutLog(options: LogFileOptions = {}): BufferedLog {
  return new BufferedLog('standard output', () => openStreamSink(1), options);
}

/** Writes lines to standard error as to a file. Where that fails there is nobody to be told. */
export function stderrLog(options: Omit<LogFileOptions, 'report'> = {}): LogFile {
  const log = new BufferedLog('standard error', () => openStreamSink(2), { ...options, report: () => {} });
  // Now: a pipe of root's cannot be opened again once the rights of root are given up.
  log.openSoon();
  return log;
}
