import { createHash, createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Credentials } from './credentials.js';
import type { Verifier } from './verifier.js';

/**
 * Number of verified credentials that are cached while they are in use: a page consists of dozens of requests, and a
 * client that knows its password must not wait behind clients that guess.
 */
const MAX_REMEMBERED = 1000;
const REMEMBERED_MS = 5 * 60_000;

/** The users of one version of a password file. A new version starts with an empty cache. */
export class Accounts {
  readonly #hashes: ReadonlyMap<string, string>;
  readonly #all: readonly string[];
  readonly #verifier: Verifier;
  /** HMAC key of the cache: cached credentials can be looked up, but not read back. */
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

  /** @throws HttpError 503 when too many checks are waiting */
  async admit(credentials: Credentials, client: string): Promise<boolean> {
    if (this.#all.length === 0) return false;
    const { user, password } = credentials;
    const key = createHmac('sha256', this.#key).update(`${user}:${password}`, 'latin1').digest('base64');
    if (this.#remembered.get(key) === true) return true;
    // A browser requests all parts of a page together: these share one check.
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
   * For an unknown user, checks another user's hash and discards the result, so that the response takes as long as for
   * a known user. The same name always selects the same hash, in every process, because the hashes of a file may differ
   * in kind.
   */
  #decoyFor(user: string): string {
    const [first = ''] = this.#all;
    const digest = createHash('sha256').update(first).update(user, 'latin1').digest();
    return this.#all[digest.readUInt32BE() % this.#all.length] ?? first;
  }
}
