import { createLog } from '../kernel/log/error-log.js';
import type { Log } from '../kernel/log/log.js';

/** An error log that is kept. */
export interface RecordingLog {
  readonly log: Log;
  /** The lines so far, debug and up, as the server would write them. */
  readonly lines: readonly string[];
}

export function recordingLog(): RecordingLog {
  const lines: string[] = [];
  const write = (line: string): void => {
    lines.push(line.trimEnd());
  };
  return { log: createLog('debug', { write }), lines };
}

/** Lines that tell of a fault. */
export function faultsIn(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => /^\S+ \[error\]/.test(line));
}
