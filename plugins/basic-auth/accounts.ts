import { createHash, createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Credentials } from './credentials.js';
import type { Verifier } from './verifier.js';

/**
 * Credentials that were right are not checked again while they are in use: a page is dozens of requests, and one that
 * knows its password does not wait behind those who guess.
 */
const MAX_REMEMBERED = 1000;
const REMEMBERED_MS = 5 * 60_000;

/** The users of one version of a password file. With the version goes what is remembered of it. */
export class Accounts {
  readonly #hashes: ReadonlyMap<string, string>;
  readonly #all: readonly string[];
  readonly #verifier: Verifier;
  /** What is remembered can be looked up with it, and not read back. */
  readonly #key = randomBytes(32);
  readonly #remembered = new LRUCache<string, true>({
    max: MAX_REMEMBERED,
    ttl: REMEMBERED_MS,
    updateAgeOnGet: true,
  });
  readonly #checking = new Map<string, Promise<boolean>>();

  constructor(hashes: ReadonlyMap<string, string>, verifier: Verifier) {
    this.#hashes = hashes;
    this.#all = [...hashes.values()];
    this.#verifier = verifier;
  }

  get size(): number {
    return this.#all.length;
  }

  /** @throws HttpError 503 when too many wait to be checked */
  async admit(credentials: Credentials, client: string): Promise<boolean> {
    if (this.#all.length === 0) return false;
    const { user, password } = credentials;
    const key = createHmac('sha256', this.#key).update(`${user}:${password}`, 'latin1').digest('base64');
    if (this.#remembered.get(key) === true) return true;
    // A browser asks for all of a page at once: that is one check.
    const known = this.#checking.get(key);
    if (known !== undefined) return known;
    const checking = this.#check(credentials, client);
    this.#checking.set(key, checking);
    try {
      const matches = await checking;
      if (matches) this.#remembered.set(key, true);
      return matches;
    } finally {
      this.#checking.delete(key);
    }
  }

  async #check({ user, password }: Credentials, client: string): Promise<boolean> {
    const own = this.#hashes.get(user);
    const matches = await this.#verifier.verify(own ?? this.#decoyFor(user), password, client);
    return matches && own !== undefined;
  }

  /**
   * For a name nobody has, somebody else's hash is checked, and the result thrown away: the answer takes as long as for
   * a name that there is. Always the same one for a name, in every process, since the hashes of a file may differ in
   * kind.
   */
  #decoyFor(user: string): string {
    const [first = ''] = this.#all;
    const digest = createHash('sha256').update(first).update(user, 'latin1').digest();
    return this.#all[digest.readUInt32BE() % this.#all.length] ?? first;
  }
}
