import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { OpenDirectory } from '@webserv/server';
import { TemporaryFile } from './temporary-file.js';

/** Names start with a dot: no plugin serves or lists them, and no client can name a file so. */
const PREFIX = '.webserv-upload';
const NAME = /^\.webserv-upload-([0-9a-f]{8})-(\d{1,10})-([0-9a-f]{8})-\d+$/;

/** A temporary file written to less than this ago may belong to a server on another machine. Milliseconds. */
const ABANDONED_AFTER = 24 * 3_600_000;

/** Process numbers mean something on one machine, or in one container, only. */
const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
/** Tells this process from an earlier one with its number: in a container every server has number 1. */
const run = randomBytes(4).toString('hex');
let count = 0;

/** A process that has ended counts as gone, also while nobody has asked how (a zombie). */
async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0); // signal 0 only asks
  } catch (error) {
    // EPERM: it is there, and another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const status = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // proc(5): the state stands behind the name, which may hold anything in its parentheses.
  return !/^ [ZX]/.test(status.slice(status.lastIndexOf(')') + 1));
}

/** True for the name of a temporary file of an upload plugin, this one's or another's. */
export function isTemporaryName(name: string): boolean {
  return name.startsWith(PREFIX) && NAME.test(name);
}

/**
 * True for a temporary file that nobody will finish: its process is gone, or nobody wrote to it for a day.
 * @param mtimeMs when the file was last written to
 */
export async function isLeftover(name: string, mtimeMs: number): Promise<boolean> {
  const [, ofHost, pid, ofRun] = NAME.exec(name) ?? [];
  if (pid === undefined) return false;
  if (ofHost === host && Number(pid) === process.pid) return ofRun !== run;
  if (ofHost === host && !(await isAlive(Number(pid)))) return true;
  return Date.now() - mtimeMs > ABANDONED_AFTER;
}

/** The temporary files of one running server, so that none outlives it. */
export class Temporaries {
  readonly #files = new Set<TemporaryFile>();

  async create(directory: OpenDirectory): Promise<TemporaryFile> {
    count += 1;
    const name = `${PREFIX}-${host}-${process.pid}-${run}-${count}`;
    const file = await TemporaryFile.create(directory, name);
    this.#files.add(file);
    return file;
  }

  /** Ends the file: gone, unless it got its name. */
  async remove(file: TemporaryFile): Promise<void> {
    await file.remove();
    this.#files.delete(file);
  }

  /** Uploads under way when the server stops leave nothing behind. */
  async dispose(): Promise<void> {
    await Promise.allSettled([...this.#files].map((file) => file.remove()));
  }
}
