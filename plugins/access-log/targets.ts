import { isatty } from 'node:tty';
import type { Log, LogDescription, LogFile } from '@webserv/server';
import type { Destination } from './directive.js';
import { combined, json, type Line, pretty } from './lines.js';

const STDOUT = 1;

/** Where lines of one form go. */
export interface Target {
  readonly line: Line;
  readonly file: LogFile;
}

/** The forms of a server process: each keeps what it made of the current second. */
export class Targets {
  readonly #lines: Readonly<Record<Destination['format'], Line>> = {
    combined: combined(),
    json: json(),
    pretty: pretty(false),
  };

  readonly #report: (message: string) => void;

  constructor(log: Log) {
    this.#report = (message) => log.error(`access_log: ${message}`);
  }

  of({ path, format, place }: Destination, logFile: (description: LogDescription) => LogFile): Target {
    const line = format === 'pretty' && path === undefined ? pretty(coloured()) : this.#lines[format];
    return {
      line,
      file: logFile({ path, place, name: 'access log', code: 'access-log', report: this.#report }),
    };
  }
}

/** https://no-color.org: any value but an empty one. */
function coloured(): boolean {
  return isatty(STDOUT) && !process.env.NO_COLOR;
}
