import { HttpError, type Log, ReportOnce } from '@webserv/server';
import { Accounts } from './accounts.js';
import type { Credentials } from './credentials.js';
import { readPasswordLines } from './password-lines.js';
import { type FileContent, readContent, UnusableFile, versionOf } from './read-file.js';
import type { Verifier } from './verifier.js';

/** How long a file is taken to be as it was, in milliseconds. */
const LOOK_AFTER_MS = 1000;

/** A password file in use: read at load, and again when it has changed. */
export class UserFile {
  readonly #path: string;
  readonly #log: Log;
  readonly #verifier: Verifier;
  #content: FileContent | undefined;
  /** undefined: the file could not be used when this process was started, nor since. */
  #accounts: Accounts | undefined;
  #lookedAt = performance.now();
  #looking: Promise<void> | undefined;
  /** The problem of now: a version of the file that cannot be used is reported once. */
  readonly #problem = new ReportOnce({ max: 1 });
  /** What is doubtful in the version that was read at load. */
  readonly doubts: readonly string[];

  private constructor(path: string, content: FileContent | undefined, log: Log, verifier: Verifier) {
    this.#path = path;
    this.#log = log;
    this.#verifier = verifier;
    this.#content = content;
    if (content === undefined) {
      this.doubts = [];
      return;
    }
    const { hashes, problems, doubts } = readPasswordLines(content.text);
    if (problems.length > 0) throw new UnusableFile(problems);
    this.#accounts = new Accounts(hashes, verifier);
    this.doubts = doubts;
  }

  /** @throws UnusableFile */
  static async open(path: string, log: Log, verifier: Verifier): Promise<UserFile> {
    return new UserFile(path, await readContent(path), log, verifier);
  }

  /** One that admits nobody until the file can be used: requests are answered with 503. */
  static closed(path: string, log: Log, verifier: Verifier): UserFile {
    return new UserFile(path, undefined, log, verifier);
  }

  /** @throws HttpError 503 when there is no file by which anybody could be admitted */
  async requireUsable(): Promise<void> {
    if (this.#accounts !== undefined) return;
    if (performance.now() - this.#lookedAt >= LOOK_AFTER_MS) await this.#look();
    if (this.#accounts === undefined)
      throw new HttpError(503, { reason: 'the password file cannot be used' });
  }

  /**
   * Whether these are a user's name and password, by the file as it is now or was a second ago.
   * @param client whose turn it is, for fairness
   * @throws HttpError 503 when too many wait to be checked
   */
  async admits(credentials: Credentials, client: string): Promise<boolean> {
    if (performance.now() - this.#lookedAt >= LOOK_AFTER_MS) await this.#look();
    return this.#accounts?.admit(credentials, client) ?? false;
  }

  #look(): Promise<void> {
    this.#looking ??= this.#refresh().finally(() => {
      this.#lookedAt = performance.now();
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** While a version cannot be used, the one before it stays in use. */
  async #refresh(): Promise<void> {
    try {
      const isSame =
        this.#content?.settled === true && (await versionOf(this.#path)) === this.#content.version;
      if (!isSame) this.#take(await readContent(this.#path));
      this.#problem.forget();
    } catch (error) {
      this.#complain(error instanceof Error ? error.message : String(error));
    }
  }

  #take(content: FileContent): void {
    const isSame = content.text === this.#content?.text;
    this.#content = content;
    if (isSame) return;
    const { hashes, problems, doubts } = readPasswordLines(content.text);
    if (problems.length > 0) throw new UnusableFile(problems);
    this.#accounts = new Accounts(hashes, this.#verifier);
    this.#log.info(`auth_basic_user_file ${this.#path}: read again, users: ${hashes.size}`);
    for (const doubt of doubts) this.#log.warn(`auth_basic_user_file ${this.#path}: ${doubt}`);
  }

  #complain(reason: string): void {
    if (!this.#problem.take(reason)) return;
    this.#log.error(
      `auth_basic_user_file ${this.#path}: ${reason}; ${this.#accounts === undefined ? 'nobody is admitted' : 'the users read before stay'}`,
    );
  }
}
