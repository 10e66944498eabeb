import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { errorCode, type OpenDirectory } from '@webserv/server';
import { TemporaryFile } from './temporary-file.js';

/** The leading dot hides the files: no plugin serves or lists them, and no client can give a file such a name. */
const PREFIX = '.webserv-upload';
const NAME = /^\.webserv-upload-([0-9a-f]{8})-(\d{1,10})-([0-9a-f]{8})-\d+$/;

/** Milliseconds without a write after which a temporary file of another machine's server counts as abandoned. */
const ABANDONED_AFTER = 24 * 3_600_000;

/** Process ids are meaningful only on one machine, or in one container. */
const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
/** Distinguishes this process from an earlier one with the same id: in a container every server has id 1. */
const run = randomBytes(4).toString('hex');
let count = 0;

/** A process that has ended counts as gone even if its parent has not reaped it (a zombie). */
async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0); // signal 0 only checks
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    return errorCode(error) === 'EPERM';
  }
  const status = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The state follows the name, whose parentheses may enclose any characters (proc(5)).
  return !/^ [ZX]/.test(status.slice(status.lastIndexOf(')') + 1));
}

/** Whether this is the name of a temporary file, of this server or another. */
export function isTemporaryName(name: string): boolean {
  return name.startsWith(PREFIX) && NAME.test(name);
}

/**
 * Whether a temporary file is abandoned: its process is gone, or it was not written to for a day.
 * @param mtimeMs when the file was last written to
 */
export async function isLeftover(name: string, mtimeMs: number): Promise<boolean> {
  const [, ofHost, pid, ofRun] = NAME.exec(name) ?? [];
  if (pid === undefined) return false;
  if (ofHost === host && Number(pid) === process.pid) return ofRun !== run;
  if (ofHost === host && !(await isAlive(Number(pid)))) return true;
  return Date.now() - mtimeMs > ABANDONED_AFTER;
}

/** Temporary files of one running server; none of them outlives it. */
export class Temporaries {
  readonly #files = new Set<TemporaryFile>();

  async create(directory: OpenDirectory): Promise<TemporaryFile> {
    count += 1;
    const name = `${PREFIX}-${host}-${process.pid}-${run}-${count}`;
    const file = await TemporaryFile.create(directory, name);
    this.#files.add(file);
    return file;
  }

  /** Removes the temporary file, unless it was published. */
  async remove(file: TemporaryFile): Promise<void> {
    await file.remove();
    this.#files.delete(file);
  }

  /** Removes the files of uploads that are in progress when the server stops. */
  async dispose(): Promise<void> {
    await Promise.allSettled([...this.#files].map((file) => file.remove()));
  }
}
