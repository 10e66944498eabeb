import { generateKeyPair } from 'node:crypto';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import type { Log } from '../kernel/log/log.js';
import type { Account } from '../kernel/rights/account.js';
import { AuthorityFiles, type AuthorityPair, type StoredAuthority } from './authority-files.js';
import { subjectNames } from './names.js';
import { authorityCertificate, type EcKeys, serverCertificate, type Validity } from './x509.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Clients' clocks may be behind. */
const BACKDATED = HOUR;
const AUTHORITY_YEARS = 10;
/** An authority that is valid for a shorter time is renewed. */
const RENEWED_BEFORE = 30 * DAY;
const SERVER_LIFETIME = 7 * DAY;

const generate = promisify(generateKeyPair);

interface OpenOptions {
  /** The account of the workers: its rights are used where users other than root can write. */
  readonly account?: Account | undefined;
  /** Gets a line when the authority is created or renewed. */
  readonly log: Log;
}

/** A certificate of a server, signed by the local authority. */
export interface CertifiedPair {
  /** In PEM. The certificate of the authority does not follow: clients that trust it have it. */
  readonly certificate: string;
  /** In PEM: PKCS #8, not encrypted. */
  readonly key: string;
  readonly expires: Date;
}

/**
 * A certificate authority for development and for machines that people can make trust it: it is created once per state
 * directory, and signs short-lived certificates for servers. ECDSA on P-256, with SHA-256.
 */
export class LocalAuthority {
  readonly #files: AuthorityFiles;
  readonly #log: Log;
  #stored: StoredAuthority;

  private constructor(files: AuthorityFiles, log: Log, stored: StoredAuthority) {
    this.#files = files;
    this.#log = log;
    this.#stored = stored;
  }

  /**
   * Reads the authority of a state directory. Creates the directory and the authority if they do not exist, and renews an
   * authority, with a new key, whose certificate is valid for less than 30 days. Processes that do so at the same time get
   * the same one.
   * @param stateDirectory absolute
   * @throws AuthorityError when the directory is not safe, or the authority cannot be read, is damaged, or cannot be stored
   */
  static async open(stateDirectory: string, { account, log }: OpenOptions): Promise<LocalAuthority> {
    const files = new AuthorityFiles(stateDirectory, account);
    return new LocalAuthority(files, log, await newest(files, log));
  }

  /** File with the certificate of the authority in PEM, absolute. */
  get file(): string {
    return this.#stored.file;
  }

  /** From 1. A renewed authority has the next number. */
  get generation(): number {
    return this.#stored.generation;
  }

  /** Certificate of the authority, in PEM. */
  get certificate(): string {
    return this.#stored.certificate.toString();
  }

  /** End of the validity of the authority's certificate. */
  get expires(): Date {
    return new Date(this.#stored.certificate.validTo);
  }

  /**
   * Makes a new key, and a certificate for it that is valid for 7 days. Renews the authority first if it has to be.
   * @param names host names, `*.` before a host name, and IP addresses; without any: `localhost`, 127.0.0.1 and ::1
   * @throws Error for a text that is not a name, and for more than 250 names; AuthorityError as `open`
   */
  async certify(names: readonly string[]): Promise<CertifiedPair> {
    const subjects = subjectNames(names);
    if (isNearlyExpired(this.#stored)) this.#stored = await newest(this.#files, this.#log);
    const keys = await generateKeys();
    const validity = validFor(SERVER_LIFETIME);
    return {
      certificate: serverCertificate(keys.publicKey, subjects, validity, this.#stored),
      key: keyText(keys),
      expires: validity.to,
    };
  }
}

/**
 * The authority of a state directory, if it exists. Nothing is created or renewed.
 * @throws AuthorityError when the directory is not safe, or the authority cannot be read or is damaged
 */
export function findAuthority(stateDirectory: string, account?: Account): StoredAuthority | undefined {
  return new AuthorityFiles(stateDirectory, account).read();
}

async function newest(files: AuthorityFiles, log: Log): Promise<StoredAuthority> {
  const stored = files.read();
  if (stored !== undefined && !isNearlyExpired(stored)) return stored;
  const pair = await newPair();
  const made = files.create((stored?.generation ?? 0) + 1, pair);
  // Another process was first, and has reported it.
  if (made.certificate.toString() !== pair.certificate) return made;
  const until = `valid until ${made.certificate.validTo}`;
  if (stored === undefined) log.info(`local authority: ${made.file}, ${until}; to trust it: webserv trust`);
  else
    log.warn(
      `local authority: the certificate expires ${stored.certificate.validTo}, so it was renewed with a new key: ` +
        `${made.file}, ${until}; clients refuse it until they trust it: webserv trust`,
    );
  return made;
}

function isNearlyExpired({ certificate }: StoredAuthority): boolean {
  return Date.parse(certificate.validTo) - Date.now() < RENEWED_BEFORE;
}

async function newPair(): Promise<AuthorityPair> {
  const keys = await generateKeys();
  const { from } = validFor(0);
  const to = new Date(from);
  to.setUTCFullYear(from.getUTCFullYear() + AUTHORITY_YEARS);
  return { certificate: authorityCertificate(keys, commonName(), { from, to }), key: keyText(keys) };
}

/** Tells the authorities of several machines and users apart, in the lists that browsers show. */
function commonName(): string {
  const day = new Date().toISOString().slice(0, 10);
  return `webserv local authority ${day} ${hostname()}`;
}

function generateKeys(): Promise<EcKeys> {
  return generate('ec', { namedCurve: 'P-256' });
}

function keyText({ privateKey }: EcKeys): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** In whole seconds, as certificates have them. */
function validFor(milliseconds: number): Validity {
  const now = Math.floor(Date.now() / 1000) * 1000;
  return { from: new Date(now - BACKDATED), to: new Date(now + milliseconds) };
}
