import { type Log, ReportOnce } from '@webserv/server';
import { UserFile } from './user-file.js';
import { Verifier } from './verifier.js';

/** What the routes of a server process share: a file that many of them use is one, and so is the thread. */
export class AuthServer {
  readonly #log: Log;
  readonly #verifier = new Verifier();
  readonly #files = new Map<string, Promise<UserFile>>();
  /** By the value of a directive: many routes may inherit what one line of the configuration says. */
  readonly findings = new ReportOnce();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @throws UnusableFile */
  open(path: string): Promise<UserFile> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const opening = UserFile.open(path, this.#log, this.#verifier);
    this.#files.set(path, opening);
    return opening;
  }

  /** A file that cannot be used yet, for a worker that serves all the same: it admits nobody until it can. */
  closed(path: string): UserFile {
    const file = UserFile.closed(path, this.#log, this.#verifier);
    this.#files.set(path, Promise.resolve(file));
    return file;
  }

  dispose(): Promise<void> {
    return this.#verifier.dispose();
  }
}
