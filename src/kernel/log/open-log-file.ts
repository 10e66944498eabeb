import { resolve } from 'node:path';
import type { Account } from '../rights/account.js';
import { inheritedStream } from '../rights/inherited-stream.js';
import { BufferedLog } from './buffered-log.js';
import type { LogFile, LogFileOptions } from './log-file.js';
import { openFileSink, openStreamSink } from './log-sink.js';

const paths = new Set<string>();

/** Absolute paths of the files that this process has opened as logs. */
export function logFilePaths(): readonly string[] {
  return [...paths];
}

function remember(path: string): void {
  if (inheritedStream(path) === undefined) paths.add(resolve(path));
}

/**
 * Appends to a file, created with mode 0640 if it does not exist. Lines of several processes are not interleaved.
 * @throws the system's error if it cannot be opened
 */
export async function openLogFile(path: string, options: LogFileOptions = {}): Promise<LogFile> {
  const log = describedLogFile(path, options);
  await log.open();
  return log;
}

/** A log that is not opened until `open` or `openSoon` is called: its lines are buffered until then. */
export function describedLogFile(path: string, options: LogFileOptions = {}, account?: Account): BufferedLog {
  const open = () => {
    remember(path);
    return openFileSink(path, account);
  };
  return new BufferedLog(path, open, options);
}

/**
 * Like `describedLogFile`, but opened in the background: if that fails, the failure is reported and retried, as for a
 * failed write.
 */
export function logFile(path: string, options: LogFileOptions = {}, account?: Account): LogFile {
  const log = describedLogFile(path, options, account);
  log.openSoon();
  return log;
}

/** Writes lines to standard output. */
export function stdoutLog(options: LogFileOptions = {}): BufferedLog {
  return new BufferedLog('standard output', () => openStreamSink(1), options);
}

/** Writes lines to standard error. A failure is not reported: no other place is left to report it. */
export function stderrLog(options: Omit<LogFileOptions, 'report'> = {}): LogFile {
  const log = new BufferedLog('standard error', () => openStreamSink(2), { ...options, report: () => {} });
  // Open it now: a pipe that root created cannot be opened again once root's rights are given up.
  log.openSoon();
  return log;
}
