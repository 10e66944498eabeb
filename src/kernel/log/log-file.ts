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

/** How a log file is written. */
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
