import { randomBytes } from 'node:crypto';
import { closeSync, constants, linkSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { errorCode } from '../kernel/diagnostics/error-code.js';
import type { Account } from '../kernel/rights/account.js';
import { actAs } from '../kernel/rights/act-as.js';
import { writerOf } from '../kernel/rights/path-writer.js';
import { holderOf } from './identity.js';
import { RefusedError } from './worker-process.js';

/** No link is followed and no pipe waited for: the directory may be one that others can write to. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** The temporary file is new, whatever somebody put there. */
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const MODE = 0o644;
/** Bytes that are read of a file: more than a number takes. */
const LONGEST = 64;
/** A file system without hard links says one of these. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** The process id a pid file holds; undefined when there is no such file, or no number in it. */
export async function readPid(file: string): Promise<number | undefined> {
  const text = await readStart(file).catch(() => '');
  return /^[1-9]\d{0,9}\s*$/.test(text) ? Number(text) : undefined;
}

async function readStart(file: string): Promise<string> {
  await using handle = await open(file, READ);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST), 0, LONGEST, null);
  return buffer.toString('latin1', 0, bytesRead);
}

/** The file by which `webserv -s` finds this server. */
export class PidFile {
  #path: string | undefined;
  #account: Account | undefined;

  /**
   * Writes the file, and takes the one that was written before away when it is another. A file whose process is gone,
   * or has become another program, is replaced.
   * @param account what the workers run as: its rights are used where others than root can write
   * @param predecessor the process id of a master that this one takes over from: the file may be taken from it
   * @throws RefusedError when a server that runs has it, or it cannot be written: a server that cannot be found again by
   * -s is not what was asked for
   */
  async claim(path: string | undefined, account: Account | undefined, predecessor?: number): Promise<void> {
    if (path !== undefined && (path !== this.#path || (await readPid(path)) !== process.pid))
      await create(path, account, predecessor);
    if (path === this.#path) return;
    await this.release();
    this.#path = path;
    this.#account = account;
  }

  /** Takes it away, unless somebody else has written it since. */
  async release(): Promise<void> {
    const path = this.#path;
    if (path === undefined) return;
    this.#path = undefined;
    if ((await readPid(path)) !== process.pid) return;
    try {
      actAs(writerOf(path, this.#account), () => unlinkSync(path));
    } catch {
      // It is gone, or may not be deleted: the next start finds that its process is gone.
    }
  }
}

async function create(
  path: string,
  account: Account | undefined,
  predecessor: number | undefined,
): Promise<void> {
  try {
    // Of two servers that start at once, one makes it.
    if (place(path, account, claimName)) return;
    const pid = await readPid(path);
    // In a container this process may well have the number of the one before it.
    const isOther = pid !== undefined && pid !== process.pid && pid !== predecessor;
    if (isOther && (await holderOf(pid)).kind === 'master') {
      throw new RefusedError(
        `webserv: a server runs already: process ${pid} has the pid file ${path}; to end it: webserv -s stop\n`,
      );
    }
    place(path, account, replaceName);
  } catch (error) {
    if (error instanceof RefusedError) throw error;
    throw new RefusedError(`webserv: the pid file ${path} cannot be written: ${String(error)}\n`);
  }
}

/**
 * Writes a temporary file and gives it its name: no reader finds half a number, and a full disk leaves what was there.
 * @param name gives a file its name; false when the name is taken
 */
function place(
  path: string,
  account: Account | undefined,
  name: (from: string, to: string) => boolean,
): boolean {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  return actAs(writerOf(path, account), () => {
    const descriptor = openSync(temporary, CREATE, MODE);
    try {
      writeSync(descriptor, `${process.pid}\n`);
      return name(temporary, path);
    } finally {
      closeSync(descriptor);
      discard(temporary);
    }
  });
}

function claimName(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') return false;
    if (!NO_LINKS.has(code)) throw error;
    return claimWithoutLinks(from, to);
  }
}

/** The name is taken by an empty file first, which only one of two servers can make. */
function claimWithoutLinks(from: string, to: string): boolean {
  try {
    closeSync(openSync(to, CREATE, MODE));
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
  return replaceName(from, to);
}

function replaceName(from: string, to: string): boolean {
  renameSync(from, to);
  return true;
}

function discard(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It has its name already.
  }
}
