import { isatty } from 'node:tty';
import { LineAllowance, type Log, type LogDescription, type LogFile } from '@webserv/server';
import type { Destination } from './directive.js';
import { combined, json, type Line, pretty } from './lines.js';

const STDOUT = 1;

/** A log file together with the format of its lines. */
export interface Target {
  readonly line: Line;
  readonly file: LogFile;
  /** Limits lines about requests that had no route. */
  readonly refusals: LineAllowance;
}

/** The formats of a worker process; each caches the text of the current second. */
export class Targets {
  readonly #lines: Readonly<Record<Destination['format'], Line>> = {
    combined: combined(),
    json: json(),
    pretty: pretty(false),
  };

  /** By path of the file. */
  readonly #refusals = new Map<string | undefined, LineAllowance>();
  readonly #report: (message: string) => void;

  constructor(log: Log) {
    this.#report = (message) => log.error(`access_log: ${message}`);
  }

  of({ path, format, place }: Destination, logFile: (description: LogDescription) => LogFile): Target {
    const line = format === 'pretty' && path === undefined ? pretty(coloured()) : this.#lines[format];
    return {
      line,
      refusals: this.#refusalsOf(path),
      file: logFile({ path, place, name: 'access log', code: 'access-log', report: this.#report }),
    };
  }

  /** Reports to the error log how many lines were omitted. */
  dispose(): void {
    for (const refusals of this.#refusals.values()) refusals.close();
  }

  #refusalsOf(path: string | undefined): LineAllowance {
    const known = this.#refusals.get(path);
    if (known !== undefined) return known;
    const name = path ?? 'standard output';
    const made = new LineAllowance((lines) =>
      this.#report(`${lines} rejected requests were not logged to ${name}`),
    );
    this.#refusals.set(path, made);
    return made;
  }
}

/** https://no-color.org: any non-empty value disables colours. */
function coloured(): boolean {
  return isatty(STDOUT) && !process.env.NO_COLOR;
}
