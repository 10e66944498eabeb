/** The least severe level first. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
/** Severity of a line of the error log; `error_log FILE LEVEL` leaves out the ones below. */
export type LogLevel = (typeof logLevels)[number];

/** The error log. A message is one line: control characters are escaped before it is written. */
export interface Log {
  /** Logs details that only matter while something is searched for. */
  debug(message: string): void;
  /** Logs a normal event, such as a start. */
  info(message: string): void;
  /** Logs what needs a look, while requests are served as configured. */
  warn(message: string): void;
  /** Logs what failed. */
  error(message: string): void;
}
