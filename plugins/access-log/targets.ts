import { isatty } from 'node:tty';
import {
  type Log,
  type LogFile,
  type LogFileOptions,
  logFile,
  openLogFile,
  stdoutLog,
} from '@webserv/server';
import type { Destination } from './directive.js';
import { combined, json, type Line, pretty } from './lines.js';

const STDOUT = 1;

/** Where lines of one form go. */
export interface Target {
  readonly line: Line;
  readonly file: LogFile;
}

/** The log files of a server process: one for each path, however many routes log to it. */
export class Targets {
  readonly #options: LogFileOptions;
  readonly #files = new Map<string | undefined, Promise<LogFile>>();
  readonly #lines: Readonly<Record<Destination['format'], Line>> = {
    combined: combined(),
    json: json(),
    pretty: pretty(false),
  };
  readonly #refused = new Set<Destination>();

  constructor(log: Log) {
    this.#options = { report: (message) => log.error(`access_log: ${message}`) };
  }

  /** @throws the system's error when the file cannot be opened */
  async open(destination: Destination): Promise<Target> {
    return { line: this.#lineOf(destination), file: await this.#file(destination.path) };
  }

  /** For a worker that serves although the file cannot be opened: it is tried again until it can, with lines dropped. */
  openLater(destination: Destination & { readonly path: string }): Target {
    const file = logFile(destination.path, this.#options);
    this.#files.set(destination.path, Promise.resolve(file));
    return { line: this.#lineOf(destination), file };
  }

  #lineOf({ path, format }: Destination): Line {
    return format === 'pretty' && path === undefined ? pretty(coloured()) : this.#lines[format];
  }

  /** True the first time: many routes may inherit what one line of the configuration says. */
  refuse(destination: Destination): boolean {
    if (this.#refused.has(destination)) return false;
    this.#refused.add(destination);
    return true;
  }

  #file(path: string | undefined): Promise<LogFile> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const opened =
      path === undefined ? Promise.resolve(stdoutLog(this.#options)) : openLogFile(path, this.#options);
    this.#files.set(path, opened);
    return opened;
  }

  async reopen(): Promise<void> {
    for (const file of await this.#opened()) file.reopen();
  }

  async dispose(): Promise<void> {
    await Promise.all((await this.#opened()).map((file) => file.close()));
  }

  async #opened(): Promise<readonly LogFile[]> {
    const settled = await Promise.allSettled(this.#files.values());
    return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }
}

/** https://no-color.org: any value but an empty one. */
function coloured(): boolean {
  return isatty(STDOUT) && !process.env.NO_COLOR;
}
