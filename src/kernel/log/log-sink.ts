import { close, constants, fstat, fstatSync, open, openSync, type Stats, write } from 'node:fs';
import { promisify } from 'node:util';
import { type Account, isRoot } from '../rights/account.js';
import { actAs } from '../rights/act-as.js';
import { type OwnStream, streamAt, useStream } from '../rights/own-stream.js';
import { safePath } from '../rights/path-writer.js';

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

const openFile = promisify(open);
const closeFile = promisify(close);
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
 * many processes append to the file. A path that names a stream this process was started with is that stream.
 * @param account what the workers run as: its rights are used where others than root can write
 * @throws the system's error
 */
export async function openFileSink(path: string, account?: Account): Promise<LogSink> {
  const stream = streamAt(path);
  if (stream !== undefined) return openStreamSink(stream);
  const descriptor = isRoot() ? openAsRoot(path, account) : await openFile(path, FLAGS, MODE);
  const regular = (await statOf(descriptor)).isFile();
  return {
    write: async (bytes) => (await writeTo(descriptor, regular ? bytes : forPipe(bytes))).bytesWritten,
    close: () => closeFile(descriptor),
  };
}

/** At once: other work must not get the rights that are used here. Done at the start, and when logs are opened again. */
function openAsRoot(path: string, account: Account | undefined): number {
  const { path: safe, writer } = safePath(path, account);
  const descriptor = actAs(writer, () => openSync(safe, FLAGS | constants.O_NOFOLLOW, MODE));
  const problem = writer === undefined ? unfit(fstatSync(descriptor), account) : undefined;
  if (problem === undefined) return descriptor;
  close(descriptor, () => {});
  throw problem;
}

/** By a second name it may be another file of root's. A file of the workers' account is theirs to write to anyway. */
function unfit(stats: Stats, account: Account | undefined): Error | undefined {
  const isOther = stats.isFile() && stats.nlink > 1 && stats.uid !== account?.uid;
  return isOther ? new SecondNameError() : undefined;
}

class SecondNameError extends Error {
  readonly code = 'EMLINK';

  constructor() {
    super('the file has a second name (a hard link)');
    this.name = 'SecondNameError';
  }
}

/**
 * A stream that this process was started with. Not by `process.stdout`: it keeps in memory, without bound, what a pipe does not take,
 * ends for good when the reader is gone, and waits for it, with the whole process, whenever another process has made the
 * pipe blocking. What is at the other end is not known, so it is treated as a pipe.
 */
export async function openStreamSink(stream: OwnStream): Promise<LogSink> {
  if (stream === 'null') return { write: async ({ length }) => length, close: async () => {} };
  const pipe = await openPipeAnew(stream);
  const descriptor = pipe ?? stream;
  useStream(stream);
  return {
    write: async (bytes) => (await writeTo(descriptor, forPipe(bytes))).bytesWritten,
    close: async () => {
      if (pipe !== undefined) await closeFile(pipe);
    },
  };
}

/**
 * The same pipe, with O_NONBLOCK of its own: that flag is shared by all who inherited the descriptor, and each process
 * that is started takes it away. A write that waits for a reader would hold a thread, and the process's end.
 * @returns undefined where it is no pipe, or somebody else's: it is written to as it is
 */
async function openPipeAnew(stream: number): Promise<number | undefined> {
  const isPipe = await statOf(stream).then(
    (stats) => stats.isFIFO(),
    () => false,
  );
  if (!isPipe) return undefined;
  const flags = constants.O_WRONLY | constants.O_NONBLOCK;
  return openFile(`/proc/self/fd/${stream}`, flags).catch(() => undefined);
}
