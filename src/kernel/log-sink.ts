import { constants, fstat, write } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Where log lines end up. */
export interface LogSink {
  /** @returns how many of the bytes were taken: the first ones, often all */
  write(bytes: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

/** Readable for the server's user and group; others have no business with who asked for what. */
const MODE = 0o640;
/** O_NONBLOCK: a pipe that nobody reads fails at once, instead of holding a thread until somebody does. */
const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOCTTY | constants.O_NONBLOCK;

/** POSIX `PIPE_BUF` on Linux: a longer write to a pipe may be mixed with what other processes write. */
const PIPE_BUF = 4096;
const LINE_BREAK = 0x0a;

/** Descriptors of standard output and standard error. */
export type StandardStream = 1 | 2;

const writeTo = promisify(write);
const statOf = promisify(fstat);

/** Whole lines, as many as a pipe takes in one piece; one line where that is longer. */
function forPipe(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= PIPE_BUF) return bytes;
  const end = bytes.lastIndexOf(LINE_BREAK, PIPE_BUF - 1) + 1;
  if (end > 0) return bytes.subarray(0, end);
  return bytes.subarray(0, bytes.indexOf(LINE_BREAK) + 1 || bytes.length);
}

/**
 * Opens a file to append to, and makes it where it is not there. What is written in one call stays together, however
 * many processes append to the file.
 * @throws the system's error
 */
export async function openFileSink(path: string): Promise<LogSink> {
  const handle: FileHandle = await open(path, FLAGS, MODE);
  const regular = (await handle.stat()).isFile();
  return {
    write: async (bytes) => (await handle.write(regular ? bytes : forPipe(bytes))).bytesWritten,
    close: () => handle.close(),
  };
}

/**
 * Standard output or standard error. Not by `process.stdout`: it keeps in memory, without bound, what a pipe does not take,
 * ends for good when the reader is gone, and waits for it, with the whole process, whenever another process has made the
 * pipe blocking. What is at the other end is not known, so it is treated as a pipe.
 */
export async function openStandardSink(stream: StandardStream): Promise<LogSink> {
  const pipe = await openPipeAnew(stream);
  const descriptor = pipe?.fd ?? stream;
  return {
    write: async (bytes) => (await writeTo(descriptor, forPipe(bytes))).bytesWritten,
    close: async () => pipe?.close(),
  };
}

/**
 * The same pipe, with O_NONBLOCK of its own: that flag is shared by all who inherited the descriptor, and each process
 * that is started takes it away. A write that waits for a reader would hold a thread, and the process's end.
 * @returns undefined where it is no pipe, or somebody else's: it is written to as it is
 */
async function openPipeAnew(stream: StandardStream): Promise<FileHandle | undefined> {
  const isPipe = await statOf(stream).then(
    (stats) => stats.isFIFO(),
    () => false,
  );
  if (!isPipe) return undefined;
  const flags = constants.O_WRONLY | constants.O_NONBLOCK;
  return open(`/proc/self/fd/${stream}`, flags).catch(() => undefined);
}
