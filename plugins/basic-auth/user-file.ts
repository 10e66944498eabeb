import { errorMessage, HttpError, type Log, ReportOnce } from '@webserv/server';
import { Accounts } from './accounts.js';
import type { Credentials } from './credentials.js';
import { readPasswordLines } from './password-lines.js';
import { type FileContent, readContent, UnusableFile, versionOf } from './read-file.js';
import type { Verifier } from './verifier.js';

/** Milliseconds between two checks of the file for changes. */
const CHECK_AFTER_MS = 1000;

/** A password file in use: read when the configuration is loaded, and again when it changes. */
export class UserFile {
  readonly #path: string;
  readonly #log: Log;
  readonly #verifier: Verifier;
  #content: FileContent | undefined;
  /** undefined when the file has not been usable since this process started. */
  #accounts: Accounts | undefined;
  #checkedAt = performance.now();
  #checking: Promise<void> | undefined;
  /** The current problem: a version of the file that cannot be used is reported once. */
  readonly #problem = new ReportOnce({ max: 1 });
  /** Warnings about the version that was read when the configuration was loaded. */
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

  /** Returns a file that admits no client until it can be used: requests get 503. */
  static closed(path: string, log: Log, verifier: Verifier): UserFile {
    return new UserFile(path, undefined, log, verifier);
  }

  /** @throws HttpError 503 when no version of the file could be used yet */
  async requireUsable(): Promise<void> {
    if (this.#accounts !== undefined) return;
    if (performance.now() - this.#checkedAt >= CHECK_AFTER_MS) await this.#checkForChanges();
    if (this.#accounts === undefined)
      throw new HttpError(503, { reason: 'the password file cannot be used' });
  }

  /**
   * Whether these are a user's name and password, by the file as it is now or was a second ago.
   * @param client key of the client, for fair queueing
   * @throws HttpError 503 when too many checks are waiting
   */
  async admits(credentials: Credentials, client: string): Promise<boolean> {
    if (performance.now() - this.#checkedAt >= CHECK_AFTER_MS) await this.#checkForChanges();
    return this.#accounts?.admit(credentials, client) ?? false;
  }

  #checkForChanges(): Promise<void> {
    this.#checking ??= this.#refresh().finally(() => {
      this.#checkedAt = performance.now();
      this.#checking = undefined;
    });
    return this.#checking;
  }

  /** While a version cannot be used, the one before it stays in use. */
  async #refresh(): Promise<void> {
    try {
      const isSame =
        this.#content?.settled === true && (await versionOf(this.#path)) === this.#content.version;
      if (!isSame) this.#take(await readContent(this.#path));
      this.#problem.forget();
    } catch (error) {
      this.#complain(errorMessage(error));
    }
  }

  #take(content: FileContent): void {
    const isSame = content.text === this.#content?.text;
    this.#content = content;
    if (isSame) return;
    const { hashes, problems, doubts } = readPasswordLines(content.text);
    if (problems.length > 0) throw new UnusableFile(problems);
    this.#accounts = new Accounts(hashes, this.#verifier);
    this.#log.info(`auth_basic_user_file ${this.#path}: reloaded, users: ${hashes.size}`);
    for (const doubt of doubts) this.#log.warn(`auth_basic_user_file ${this.#path}: ${doubt}`);
  }

  #complain(reason: string): void {
    if (!this.#problem.take(reason)) return;
    this.#log.error(
      `auth_basic_user_file ${this.#path}: ${reason}; ${this.#accounts === undefined ? 'no client is admitted' : 'the previous version stays in use'}`,
    );
  }
}
