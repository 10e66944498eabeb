import { randomBytes } from 'node:crypto';
import { LocalAuthority } from '../certificates/authority.js';
import { currentVersion, type WatchedFile } from '../kernel/config/files/watched.js';
import type { CertificateFiles, CertificateOrigin, InternalCertificate } from '../kernel/contract/tls.js';
import { displayPath } from '../kernel/diagnostics/display-path.js';
import { reasonOf } from '../kernel/diagnostics/findings.js';
import type { Log } from '../kernel/log/log.js';
import type { Account } from '../kernel/rights/account.js';
import { type KeyPair, KeyPairError, readKeyPair } from '../kernel/tls/key-pair.js';
import { originKey } from '../kernel/tls/key-source.js';
import { TICKET_SECRET_SIZE } from '../kernel/tls/ticket-keys.js';
import { Watch } from './watch.js';

/** A worker, as far as its keys are concerned. */
export interface KeyHolder {
  /** A certificate that it uses was renewed. */
  renewed(origin: CertificateOrigin, pair: KeyPair): void;
  /** The secret of the session tickets was changed. */
  rotated(secret: Uint8Array): void;
}

export interface KeysOptions<Holder> {
  readonly log: () => Log;
  readonly holders: () => Iterable<Holder>;
  /** Time in which a renewed certificate and its key may come to fit each other, in milliseconds; default: 10 seconds. */
  readonly patienceMs?: number;
}

interface Held<Holder> {
  readonly origin: CertificateOrigin;
  readonly account: Account | undefined;
  readonly holders: Set<Holder>;
  pair: KeyPair;
  /** Its files, with their versions just before they were read. */
  files: readonly WatchedFile[];
  /** Milliseconds of `Date.now` at which a certificate of the local authority is replaced. */
  renewAt: number;
}

/** Renewal writes two files, and what is read between the two writes does not fit. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 500;
const HOUR_MS = 3_600_000;
/** An attacker with the key can read the sessions of this time. */
const ROTATION_MS = 12 * HOUR_MS;

/**
 * The certificates and keys of a server. The master reads them, because workers may lose the right to, and holds those in
 * use: one that cannot be used never replaces one that can.
 */
export class Keys<Holder extends KeyHolder> {
  readonly #options: KeysOptions<Holder>;
  readonly #held = new Map<string, Held<Holder>>();
  readonly #authorities = new Map<string, Promise<LocalAuthority>>();
  /** Workers that have all keys they need. A later request could come from code that has taken the worker over. */
  readonly #sealed = new WeakSet<Holder>();
  readonly #rotation: NodeJS.Timeout;
  readonly #renewal: NodeJS.Timeout;
  readonly #watch: Watch;
  #secret: Uint8Array = randomBytes(TICKET_SECRET_SIZE);
  #checking: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(options: KeysOptions<Holder>) {
    this.#options = options;
    this.#rotation = setInterval(() => this.#rotate(), ROTATION_MS).unref();
    this.#renewal = setInterval(() => void this.#renewInternal(), HOUR_MS).unref();
    this.#watch = new Watch({
      changed: () => this.#changed(),
      warn: (text) => options.log().warn(text),
      name: 'certificates',
    });
  }

  /** The secret that session tickets are derived from, for all workers; it outlives reloads. */
  get secret(): Uint8Array {
    return this.#secret;
  }

  /**
   * The certificate for a worker, which gets each renewal of it from now on.
   * @param rereads files are read again. If those do not fit, the pair in use stays
   * @throws KeyPairError
   */
  async take(
    holder: Holder,
    origin: CertificateOrigin,
    { account, rereads }: { readonly account: Account | undefined; readonly rereads: boolean },
  ): Promise<KeyPair> {
    if (this.#sealed.has(holder)) throw new Error('the worker has given up the right to request keys');
    const key = originKey(origin);
    const known = this.#held.get(key);
    if (known !== undefined) {
      known.holders.add(holder);
      if (rereads && origin.kind === 'files') await this.#refresh(known, origin);
      return known.pair;
    }
    const files = await versionsOf(origin);
    const { pair, renewAt } = await this.#obtain(origin, account);
    // Another worker may have asked at the same time.
    const held = this.#held.get(key) ?? { origin, account, pair, files, renewAt, holders: new Set<Holder>() };
    held.holders.add(holder);
    this.#held.set(key, held);
    return held.pair;
  }

  /** The worker has all keys that it needs. */
  seal(holder: Holder): void {
    this.#sealed.add(holder);
    this.#watchFiles();
  }

  /** The worker has ended. Keys that no other one uses are forgotten. */
  release(holder: Holder): void {
    let changed = false;
    for (const [key, { holders }] of this.#held) {
      if (!holders.delete(holder) || holders.size > 0) continue;
      this.#held.delete(key);
      changed = true;
    }
    if (changed) this.#watchFiles();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#rotation);
    clearInterval(this.#renewal);
    this.#watch.close();
  }

  async #obtain(
    origin: CertificateOrigin,
    account: Account | undefined,
  ): Promise<{ readonly pair: KeyPair; readonly renewAt: number }> {
    if (origin.kind === 'files') {
      return { pair: await readKeyPair(origin), renewAt: Number.POSITIVE_INFINITY };
    }
    return this.#certify(origin, account);
  }

  async #certify(origin: InternalCertificate, account: Account | undefined) {
    try {
      const authority = await this.#authority(origin.stateDirectory, account);
      const { certificate, key, expires } = await authority.certify(origin.names);
      const now = Date.now();
      // In its last third, so that a machine that slept for days has a valid one soon.
      const renewAt = now + ((expires.getTime() - now) * 2) / 3;
      return { pair: { certificate, key, isKeyExposed: false }, renewAt };
    } catch (error) {
      throw new KeyPairError({
        part: 'certificate',
        message: `no certificate can be made: ${reasonOf(error)}`,
      });
    }
  }

  /** An authority that could not be opened is tried again by the next request. */
  #authority(directory: string, account: Account | undefined): Promise<LocalAuthority> {
    const known = this.#authorities.get(directory);
    if (known !== undefined) return known;
    const opening = LocalAuthority.open(directory, { account, log: this.#options.log() });
    this.#authorities.set(directory, opening);
    opening.catch(() => this.#authorities.delete(directory));
    return opening;
  }

  #changed(): void {
    if (this.#checking !== undefined) {
      this.#again = true;
      return;
    }
    this.#checking = this.#refreshAll().finally(() => {
      this.#checking = undefined;
      const isDue = this.#again;
      this.#again = false;
      if (isDue && !this.#closed) this.#changed();
    });
  }

  async #refreshAll(): Promise<void> {
    const held = [...this.#held.values()];
    await Promise.all(
      held.map(async (each) => {
        if (each.origin.kind === 'files') await this.#refresh(each, each.origin);
      }),
    );
    this.#watchFiles();
  }

  /** Reads a pair again, for a while if the two files do not fit. One that cannot be used changes nothing. */
  async #refresh(held: Held<Holder>, origin: CertificateFiles): Promise<void> {
    const until = performance.now() + (this.#options.patienceMs ?? PATIENCE_MS);
    for (;;) {
      try {
        held.files = await versionsOf(origin);
        this.#replace(held, await readKeyPair(origin));
        return;
      } catch (error) {
        if (!(error instanceof KeyPairError)) throw error;
        if (performance.now() >= until || this.#closed) {
          const name = displayPath(origin.certificate);
          this.#options
            .log()
            .error(`${name} was changed and cannot be used; the one before serves on: ${error.message}`);
          return;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
    }
  }

  #replace(held: Held<Holder>, pair: KeyPair): void {
    if (pair.certificate === held.pair.certificate && pair.key === held.pair.key) return;
    held.pair = pair;
    for (const holder of held.holders) holder.renewed(held.origin, pair);
    const name = held.origin.kind === 'files' ? displayPath(held.origin.certificate) : 'internal';
    this.#options.log().info(`certificate ${name} was renewed`);
  }

  /** Replaces certificates of the local authority in time. */
  async #renewInternal(): Promise<void> {
    for (const held of this.#held.values()) {
      const { origin, account } = held;
      if (origin.kind !== 'internal' || Date.now() < held.renewAt) continue;
      try {
        const { pair, renewAt } = await this.#certify(origin, account);
        held.renewAt = renewAt;
        this.#replace(held, pair);
      } catch (error) {
        this.#options.log().error(`a certificate is not renewed: ${reasonOf(error)}`);
      }
    }
  }

  #watchFiles(): void {
    const files = [...this.#held.values()].flatMap((held) => held.files);
    if (!this.#closed) this.#watch.end({ files, patterns: [] }, true);
  }

  #rotate(): void {
    this.#secret = randomBytes(TICKET_SECRET_SIZE);
    for (const holder of this.#options.holders()) holder.rotated(this.#secret);
  }
}

async function versionsOf(origin: CertificateOrigin): Promise<readonly WatchedFile[]> {
  if (origin.kind !== 'files') return [];
  const paths = [
    origin.certificate,
    origin.key,
    ...(origin.passwords === undefined ? [] : [origin.passwords]),
  ];
  return Promise.all(
    paths.map(async (path) => ({
      path,
      version: await currentVersion(path),
    })),
  );
}
