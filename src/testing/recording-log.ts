import { createLog } from '../kernel/log/error-log.js';
import type { Log } from '../kernel/log/log.js';

/** An error log that keeps its lines in memory. */
export interface RecordingLog {
  readonly log: Log;
  /** The lines so far, from level debug up, as the server would write them. */
  readonly lines: readonly string[];
}

export function recordingLog(): RecordingLog {
  const lines: string[] = [];
  const write = (line: string): void => {
    lines.push(line.trimEnd());
  };
  return { log: createLog('debug', { write }), lines };
}

/** Returns the lines that report errors. */
export function errorsIn(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => /^\S+ \[error\]/.test(line));
}
