import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { displayPath } from '../diagnostics/display-path.js';
import { errorCode } from '../diagnostics/error-code.js';
import { reasonOf } from '../diagnostics/findings.js';

/** Bytes: a list of revoked certificates may have tens of thousands. */
const MAX_FILE_SIZE = 16 * 1024 * 1024;

/** A PEM file cannot be read. */
export class UnreadableFile extends Error {
  /** The system's code, such as `EACCES`; empty when the reason is another one. */
  readonly code: string;

  constructor(message: string, code = '') {
    super(message);
    this.name = 'UnreadableFile';
    this.code = code;
  }
}

/** A file as it was read. */
export interface PemFile {
  readonly bytes: Buffer;
  /** Permission bits. */
  readonly mode: number;
}

/**
 * Reads a file of certificates or keys.
 * @throws UnreadableFile with the path in its message
 */
export async function readPemFile(path: string): Promise<PemFile> {
  const name = displayPath(path);
  try {
    // A fifo without a writer would hold the open itself up.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw new UnreadableFile(`${name} is not a file`);
      if (stats.size > MAX_FILE_SIZE)
        throw new UnreadableFile(`${name} is larger than ${MAX_FILE_SIZE} bytes`);
      return { bytes: await file.readFile(), mode: stats.mode & 0o777 };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof UnreadableFile) throw error;
    const code = errorCode(error);
    if (code === 'ENOENT') throw new UnreadableFile(`${name} does not exist`, code);
    throw new UnreadableFile(`cannot read ${name}: ${reasonOf(error)}`, code);
  }
}
