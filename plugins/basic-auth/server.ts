import { type Log, ReportOnce } from '@webserv/server';
import { UserFile } from './user-file.js';
import { Verifier } from './verifier.js';

/** State shared by the routes of a worker process: each password file is opened once, and there is one thread. */
export class AuthServer {
  readonly #log: Log;
  /** Created for the first password file: a worker without one needs neither its thread nor its 2 MB. */
  #created: Verifier | undefined;
  readonly #files = new Map<string, Promise<UserFile>>();
  /** By the value of a directive: many routes may inherit one line of the configuration. */
  readonly findings = new ReportOnce();

  constructor(log: Log) {
    this.#log = log;
  }

  get #verifier(): Verifier {
    this.#created ??= new Verifier();
    return this.#created;
  }

  /** @throws UnusableFile */
  open(path: string): Promise<UserFile> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const opening = UserFile.open(path, this.#log, this.#verifier);
    this.#files.set(path, opening);
    return opening;
  }

  /**
   * Opens a file that cannot be used yet, for a worker that serves anyway: no client is admitted until the file can be
   * used.
   */
  closed(path: string): UserFile {
    const file = UserFile.closed(path, this.#log, this.#verifier);
    this.#files.set(path, Promise.resolve(file));
    return file;
  }

  async dispose(): Promise<void> {
    await this.#created?.dispose();
  }
}
