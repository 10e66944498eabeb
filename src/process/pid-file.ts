import { randomBytes } from 'node:crypto';
import { closeSync, constants, linkSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { errorCode } from '../kernel/diagnostics/error-code.js';
import type { Account } from '../kernel/rights/account.js';
import { actAs } from '../kernel/rights/act-as.js';
import { writerOf } from '../kernel/rights/path-writer.js';
import { holderOf } from './identity.js';
import { RefusedError } from './worker-process.js';

/** Follows no link and does not block on a FIFO: other users may be able to write to the directory. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Creates a new temporary file, and fails when another user has put something at its path. */
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const MODE = 0o644;
/** Maximum number of bytes read from a pid file: more than a number takes. */
const LONGEST = 64;
/** Error codes of file systems without hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Returns the process id in a pid file; undefined when the file does not exist or does not contain a number. */
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
   * Writes the pid file, and deletes the previous one if the path has changed. Replaces a file whose process has ended
   * or is another program by now.
   * @param account account of the workers: its rights are used where users other than root can write
   * @param predecessor process id of the master that this one replaces: the file may be taken from it
   * @throws RefusedError when a running server holds the file, or when it cannot be written: `-s` could not find the
   * server
   */
  async claim(path: string | undefined, account: Account | undefined, predecessor?: number): Promise<void> {
    if (path !== undefined && (path !== this.#path || (await readPid(path)) !== process.pid))
      await create(path, account, predecessor);
    if (path === this.#path) return;
    await this.release();
    this.#path = path;
    this.#account = account;
  }

  /** Deletes the file, unless another process has written it since. */
  async release(): Promise<void> {
    const path = this.#path;
    if (path === undefined) return;
    this.#path = undefined;
    if ((await readPid(path)) !== process.pid) return;
    try {
      actAs(writerOf(path, this.#account), () => unlinkSync(path));
    } catch {
      // Already deleted, or may not be deleted: the next start finds that its process has ended.
    }
  }
}

async function create(
  path: string,
  account: Account | undefined,
  predecessor: number | undefined,
): Promise<void> {
  try {
    // When two servers start at the same time, only one can create it.
    if (place(path, account, claimName)) return;
    const pid = await readPid(path);
    // In a container, this process may have the same id as the previous one had.
    const isOther = pid !== undefined && pid !== process.pid && pid !== predecessor;
    if (isOther && (await holderOf(pid)).kind === 'master') {
      throw new RefusedError(
        `webserv: a server is already running: process ${pid} holds the pid file ${path}; ` +
          'to stop it: webserv -s stop\n',
      );
    }
    place(path, account, replaceName);
  } catch (error) {
    if (error instanceof RefusedError) throw error;
    throw new RefusedError(`webserv: the pid file ${path} cannot be written: ${String(error)}\n`);
  }
}

/**
 * Writes a temporary file and renames it: no reader finds half a number, and a full disk keeps the previous file.
 * @param name gives the file its name; returns false when the name is taken
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

/** Takes the name with an empty file first, which only one of two servers can create. */
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
    // Already renamed.
  }
}
