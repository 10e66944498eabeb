import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../kernel/diagnostics/error-code.js';
import { errorMessage } from '../kernel/diagnostics/error-text.js';
import { type Account, isRoot } from '../kernel/rights/account.js';
import { actAs } from '../kernel/rights/act-as.js';
import { NOBODY, writerOf } from '../kernel/rights/path-writer.js';
import {
  checkPrivateDirectory,
  makePrivateDirectory,
  modeText,
  PERMISSIONS_OF_OTHERS,
  syncDirectory,
  unsafe,
} from '../kernel/rights/private-directory.js';
import { checkIssuer, type Issuer } from './x509.js';

/** An authority that cannot be used. The message is one line that names the file or directory. */
export class AuthorityError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AuthorityError';
  }
}

/** An authority on the disk. */
export interface StoredAuthority extends Issuer {
  /** From 1. A renewed authority has the next number. */
  readonly generation: number;
  /** Absolute. */
  readonly file: string;
}

/** Both in PEM. */
export interface AuthorityPair {
  readonly certificate: string;
  readonly key: string;
}

const CERTIFICATE = 'certificate.pem';
const KEY = 'key.pem';
/** Both together take less than 2 KiB. */
const MAX_BYTES = 64 * 1024;
/** Follows no link, and does not block on a FIFO. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const PRIVATE_KEY_MODE = 0o600;
const CERTIFICATE_MODE = 0o644;
/** The name is taken by a directory that is not empty (rename(2)). */
const TAKEN = new Set(['EEXIST', 'ENOTEMPTY']);

/**
 * The directory of an authority: `authority/1/` with certificate and key, `authority/2/` after its first renewal. A
 * generation appears complete, by the rename of a directory, which fails if another process was first. Everything is
 * synchronous, because it may run with the rights of another account.
 */
export class AuthorityFiles {
  readonly #stateDirectory: string;
  readonly #directory: string;
  readonly #writer: Account | undefined;
  /** Whether all users can change the path: the rights that root would use are those of programs of other services. */
  readonly #isOpenToAll: boolean;

  /**
   * @param stateDirectory absolute
   * @param account what the workers run as: its rights are used where users other than root can write
   */
  constructor(stateDirectory: string, account: Account | undefined) {
    this.#stateDirectory = stateDirectory;
    this.#directory = directoryIn(stateDirectory);
    this.#writer = isRoot() ? writerOf(this.#directory, account) : undefined;
    this.#isOpenToAll = this.#writer?.uid === NOBODY && this.#writer !== account;
  }

  /**
   * Reads the newest generation.
   * @returns undefined if no authority was created yet
   * @throws AuthorityError
   */
  read(): StoredAuthority | undefined {
    if (!this.#explain('read', () => this.#exists())) return undefined;
    return this.#act('read', () => {
      const generation = Math.max(0, ...readdirSync(this.#directory).map(generationOf));
      return generation === 0 ? undefined : this.#readGeneration(generation);
    });
  }

  /**
   * Stores the generation after the one that `read` has returned, unless another process has stored it meanwhile.
   * @returns the one that is stored now
   * @throws AuthorityError
   */
  create(generation: number, pair: AuthorityPair): StoredAuthority {
    return this.#act('created', () => {
      for (const directory of [this.#stateDirectory, this.#directory])
        makePrivateDirectory(directory, this.#owner);
      const temporary = join(this.#directory, `.new-${randomBytes(8).toString('hex')}`);
      mkdirSync(temporary, 0o700);
      try {
        write(join(temporary, KEY), pair.key, PRIVATE_KEY_MODE);
        write(join(temporary, CERTIFICATE), pair.certificate, CERTIFICATE_MODE);
        syncDirectory(temporary);
        renameSync(temporary, join(this.#directory, String(generation)));
        syncDirectory(this.#directory);
      } catch (error) {
        rmSync(temporary, { recursive: true, force: true });
        if (!TAKEN.has(errorCode(error))) throw error;
      }
      return this.#readGeneration(generation);
    });
  }

  #exists(): boolean {
    const directories = [this.#stateDirectory, this.#directory];
    const exists = directories.every((path) => checkPrivateDirectory(path, this.#owner));
    if (this.#isOpenToAll)
      throw new AuthorityError(
        `the local authority cannot be in ${this.#directory}: all users can write to a directory of its path; ` +
          'name a state directory whose path only root can change',
      );
    return exists;
  }

  get #owner(): number {
    return this.#writer?.uid ?? process.geteuid?.() ?? 0;
  }

  #act<T>(what: 'read' | 'created', work: () => T): T {
    return this.#explain(what, () => actAs(this.#writer, work));
  }

  #explain<T>(what: 'read' | 'created', work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof AuthorityError) throw error;
      const by = this.#writer === undefined ? '' : ` with the rights of user ${this.#writer.uid}`;
      const reason = errorMessage(error);
      const hint =
        what === 'created'
          ? '; for another directory: state_dir PATH; or STATE_DIRECTORY=PATH in the environment'
          : '';
      throw new AuthorityError(
        `the local authority in ${this.#directory} cannot be ${what}${by}: ${reason}${hint}`,
      );
    }
  }

  #readGeneration(generation: number): StoredAuthority {
    const directory = join(this.#directory, String(generation));
    checkPrivateDirectory(directory, this.#owner);
    const file = join(directory, CERTIFICATE);
    const certificate = parsed(file, this.#text(file), (pem) => new X509Certificate(pem));
    const keyFile = join(directory, KEY);
    const key = parsed(keyFile, this.#text(keyFile, PERMISSIONS_OF_OTHERS), createPrivateKey);
    try {
      checkIssuer({ certificate, key });
    } catch (error) {
      throw unusable(file, `the certificate ${errorMessage(error)}`);
    }
    return { certificate, key, generation, file };
  }

  /** @param forbidden permissions that the file must not have */
  #text(file: string, forbidden = 0): string {
    let descriptor: number;
    try {
      descriptor = openSync(file, READ);
    } catch (error) {
      throw unusable(file, errorMessage(error));
    }
    try {
      const stats = fstatSync(descriptor);
      if (!stats.isFile() || stats.size > MAX_BYTES) throw unusable(file, 'it is not a PEM file');
      const why = unsafe(stats, this.#owner);
      if (why !== undefined) throw unusable(file, `it ${why}`);
      if ((stats.mode & forbidden) !== 0)
        throw unusable(file, `other users can read it (mode ${modeText(stats.mode)}): chmod 600`);
      return readFileSync(descriptor, 'utf8');
    } finally {
      closeSync(descriptor);
    }
  }
}

/** The directory of the authority. */
const directoryIn = (stateDirectory: string): string => join(stateDirectory, 'authority');

/** Where the certificate of a generation is stored. */
export function certificateFile(stateDirectory: string, generation: number): string {
  return join(directoryIn(stateDirectory), String(generation), CERTIFICATE);
}

/** 0 for any other entry. */
function generationOf(name: string): number {
  return /^[1-9]\d{0,5}$/.test(name) ? Number(name) : 0;
}

function parsed<T>(file: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    throw unusable(file, `it is incomplete or damaged: ${errorMessage(error)}`);
  }
}

/** It is never replaced by itself: the machines that trust it would refuse the new one. */
function unusable(file: string, why: string): AuthorityError {
  const hint = 'restore it from a backup, or remove its directory and run "webserv trust --install" again';
  return new AuthorityError(`the local authority cannot be used: ${file}: ${why}; ${hint}`);
}

function write(file: string, text: string, mode: number): void {
  const descriptor = openSync(file, 'wx', mode);
  try {
    // Unlike writeSync, it reports a disk that has room for a part only.
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
