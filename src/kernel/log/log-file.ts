/** A file, or standard output, that lines are appended to. */
export interface LogFile {
  /**
   * Appends a line, given with its line break, or a function that returns it. Never waits and never throws: lines are
   * written in batches, and if the disk is too slow or full they are dropped and counted. The caller escapes what is in
   * the line.
   * @param line a function is called before the batch is written, at most 128 of them in a row: formatting lines in a
   *   row, while its code is in the processor's caches, costs half as much. Its result must not depend on state that
   *   changes
   */
  write(line: string | (() => string)): void;
  /** Called when log rotation has moved the file: lines accepted so far still go there, later lines into a new file. */
  reopen(): void;
  /** Writes the accepted lines, for at most 3 s. Later lines are ignored. */
  close(): Promise<void>;
}

/** How a log file is written. */
export interface LogFileOptions {
  /**
   * Milliseconds to collect lines before they are written; 64 KiB of lines are written sooner. 0: whenever the previous
   * write is done. Default 100.
   */
  readonly flushMs?: number;
  /** Bytes of memory for waiting lines; at least 128 KiB. Default 1 MiB. */
  readonly maxWaiting?: number;
  /** Called once when writing fails, and once when it works again. Default: write to standard error. */
  readonly report?: (message: string) => void;
  /** Returns a line to write into the file in place of dropped lines; without it, `report` is called. */
  readonly gapLine?: (dropped: number) => string;
}
