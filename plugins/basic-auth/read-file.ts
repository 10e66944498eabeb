import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { errorCode, errorMessage, isSettled } from '@webserv/server';

/** Maximum size: 1 MiB holds more than 10,000 users. */
const MAX_BYTES = 1024 * 1024;
/** Milliseconds. FAT's timestamps are that coarse, and a withdrawn password must not stay valid. */
const SETTLED_AFTER_MS = 2000;

export interface FileContent {
  /** Decoded as ISO 8859-1: one character per byte. */
  readonly text: string;
  readonly version: string;
  /** False when the file may have changed since without a visible difference. */
  readonly settled: boolean;
}

/** Why a file cannot be used, for messages. */
export class UnusableFile extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.name = 'UnusableFile';
    this.problems = problems;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'its directory does not exist',
  EACCES: 'the server has no permission to read it',
  EPERM: 'the server has no permission to read it',
  ELOOP: 'it is a circular symbolic link',
};

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UnusableFile) throw error;
    throw new UnusableFile([REASONS[errorCode(error)] ?? errorMessage(error)]);
  }
}

interface Status {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

const asVersion = ({ dev, ino, size, mtimeNs, ctimeNs }: Status): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(':');

/** Returns a text that changes when the file does. @throws UnusableFile */
export function versionOf(path: string): Promise<string> {
  return explained(async () => asVersion(await stat(path, { bigint: true })));
}

/** @throws UnusableFile when the file is missing, unreadable, not a regular file or too large */
export function readContent(path: string): Promise<FileContent> {
  return explained(async () => {
    // Non-blocking, because opening a FIFO without a writer would never return.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await file.stat({ bigint: true });
    if (!status.isFile()) throw new UnusableFile(['it is not a regular file']);
    if (status.size > MAX_BYTES) throw new UnusableFile([`it is larger than ${MAX_BYTES} bytes`]);
    const buffer = Buffer.alloc(Number(status.size));
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) break;
    }
    return {
      text: buffer.toString('latin1', 0, length),
      version: asVersion(status),
      settled: isSettled(Number(status.ctimeNs / 1_000_000n), SETTLED_AFTER_MS),
    };
  });
}
