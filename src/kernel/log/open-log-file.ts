import { resolve } from 'node:path';
import type { Account } from '../rights/account.js';
import { streamAt } from '../rights/own-stream.js';
import { BufferedLog } from './buffered-log.js';
import type { LogFile, LogFileOptions } from './log-file.js';
import { openFileSink, openStreamSink } from './log-sink.js';

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
