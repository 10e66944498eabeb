import { readFile, rm, writeFile } from 'node:fs/promises';
import { RefusedError } from './generation.js';
import { holderOf } from './identity.js';

/** The process id a pid file holds; undefined when there is no such file, or no number in it. */
export async function readPid(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return /^[1-9]\d{0,9}\s*$/.test(text) ? Number(text) : undefined;
}

/** The file by which `webserv -s` finds this server. */
export class PidFile {
  #path: string | undefined;

  /**
   * Writes the file, and takes the one that was written before away when it is another. A file whose process is gone,
   * or has become another program, is written over.
   * @throws RefusedError when a server that runs has it, or it cannot be written: a server that cannot be found again by
   * -s is not what was asked for
   */
  async claim(path: string | undefined): Promise<void> {
    if (path === this.#path) return;
    if (path !== undefined) await create(path);
    await this.release();
    this.#path = path;
  }

  /** Takes it away, unless somebody else has written it since. */
  async release(): Promise<void> {
    const path = this.#path;
    if (path === undefined) return;
    this.#path = undefined;
    if ((await readPid(path)) === process.pid) await rm(path, { force: true });
  }
}

async function create(path: string): Promise<void> {
  const text = `${process.pid}\n`;
  try {
    // Of two servers that start at once, one makes it.
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
      throw unwritable(path, error);
    const pid = await readPid(path);
    // In a container this process may well have the number of the one before it.
    if (pid !== undefined && pid !== process.pid && (await holderOf(pid)).kind === 'master') {
      throw new RefusedError(
        `webserv: a server runs already: process ${pid} has the pid file ${path}; to end it: webserv -s stop\n`,
      );
    }
    await writeFile(path, text).catch((again: unknown) => {
      throw unwritable(path, again);
    });
  }
}

function unwritable(path: string, error: unknown): RefusedError {
  return new RefusedError(`webserv: the pid file ${path} cannot be written: ${String(error)}\n`);
}
