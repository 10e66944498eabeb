import { close, constants, fstat, fstatSync, open, openSync, type Stats, write } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Account, isRoot } from '../rights/account.js';
import { actAs } from '../rights/act-as.js';
import { type InheritedStream, inheritedStream, markStreamInUse } from '../rights/inherited-stream.js';
import { safePath } from '../rights/path-writer.js';
import { PERMISSIONS_OF_OTHERS } from '../rights/private-directory.js';

/** The destination that log lines are written to. */
export interface LogSink {
  /** @returns how many bytes were written: the first ones, often all */
  write(bytes: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

/** Readable for the server's user and group only: the log says which client requested what. */
const MODE = 0o640;
/** O_NONBLOCK: opening a pipe that no process reads fails immediately, instead of blocking a thread until one does. */
const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOCTTY | constants.O_NONBLOCK;

/** POSIX `PIPE_BUF` on Linux: a longer write to a pipe may be interleaved with writes of other processes. */
const PIPE_BUF = 4096;
const LINE_BREAK = 0x0a;

const openFile = promisify(open);
const closeFile = promisify(close);
const writeTo = promisify(write);
const statOf = promisify(fstat);

/** Whole lines, as many as fit into one atomic write to a pipe; a longer line alone. */
function forPipe(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= PIPE_BUF) return bytes;
  const end = bytes.lastIndexOf(LINE_BREAK, PIPE_BUF - 1) + 1;
  if (end > 0) return bytes.subarray(0, end);
  return bytes.subarray(0, bytes.indexOf(LINE_BREAK) + 1 || bytes.length);
}

/**
 * Opens a file for appending, and creates it if it does not exist. Each write is appended in one piece, however many
 * processes append to the file. A path that names a stream this process was started with uses that stream.
 * @param account what the workers run as: its rights are used where users other than root can write
 * @throws the system's error
 */
export async function openFileSink(path: string, account?: Account): Promise<LogSink> {
  const stream = inheritedStream(path);
  if (stream !== undefined) return openStreamSink(stream);
  const descriptor = isRoot()
    ? openAsRoot(path, account, MODE).descriptor
    : await openFile(path, FLAGS, MODE);
  const regular = (await statOf(descriptor)).isFile();
  return {
    write: async (bytes) => (await writeTo(descriptor, regular ? bytes : forPipe(bytes))).bytesWritten,
    close: () => closeFile(descriptor),
  };
}

/** Readable for its owner only. */
const PRIVATE_MODE = 0o600;

/**
 * Opens a file of secrets for appending, and creates it with mode 0600 if it does not exist.
 * @param account as for `openFileSink`
 * @throws the system's error; Error for a file that another user owns or may read, and for a link
 */
export async function openPrivateSink(path: string, account?: Account): Promise<LogSink> {
  // A later link is rejected by O_NOFOLLOW, unless root made it.
  const before = await lstat(path).catch(() => undefined);
  if (before?.isSymbolicLink()) throw new Error('it is a symbolic link: name the file itself');
  const { descriptor, writer } = isRoot()
    ? openAsRoot(path, account, PRIVATE_MODE)
    : {
        descriptor: await openFile(path, FLAGS | constants.O_NOFOLLOW, PRIVATE_MODE),
        writer: undefined,
      };
  const problem = exposure(await statOf(descriptor), [process.geteuid?.(), writer?.uid]);
  if (problem !== undefined) {
    await closeFile(descriptor);
    throw new Error(problem);
  }
  return {
    write: async (bytes) => (await writeTo(descriptor, bytes)).bytesWritten,
    close: () => closeFile(descriptor),
  };
}

/** Why other users could read what is written to a file. */
function exposure(stats: Stats, owners: readonly (number | undefined)[]): string | undefined {
  if (!stats.isFile()) return 'it is not a regular file';
  if (stats.nlink > 1) return 'it has a second name (a hard link)';
  if (!owners.includes(stats.uid)) return `it belongs to user ${stats.uid}`;
  return (stats.mode & PERMISSIONS_OF_OTHERS) === 0 ? undefined : 'other users may read it: chmod 600';
}

/** Synchronous: other work must not run with the rights used here. Called at the start, and when logs are reopened. */
function openAsRoot(
  path: string,
  account: Account | undefined,
  mode: number,
): { readonly descriptor: number; readonly writer: Account | undefined } {
  const { path: safe, writer } = safePath(path, account);
  const descriptor = actAs(writer, () => openSync(safe, FLAGS | constants.O_NOFOLLOW, mode));
  const problem = writer === undefined ? secondName(fstatSync(descriptor), account) : undefined;
  if (problem === undefined) return { descriptor, writer };
  close(descriptor, () => {});
  throw problem;
}

/** A file with a second name may be any file of root's. A file of the workers' account is theirs to write to anyway. */
function secondName(stats: Stats, account: Account | undefined): Error | undefined {
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
 * Writes to a stream that this process was started with. It does not use `process.stdout`, which buffers without bound
 * what a pipe does not take, closes for good when the reader exits, and blocks the whole process if another process has
 * made the pipe blocking. The type of the other end is unknown, so it is treated as a pipe.
 */
export async function openStreamSink(stream: InheritedStream): Promise<LogSink> {
  if (stream === 'null') return { write: async ({ length }) => length, close: async () => {} };
  const pipe = await reopenPipe(stream);
  const descriptor = pipe ?? stream;
  markStreamInUse(stream);
  return {
    write: async (bytes) => (await writeTo(descriptor, forPipe(bytes))).bytesWritten,
    close: async () => {
      if (pipe !== undefined) await closeFile(pipe);
    },
  };
}

/**
 * Opens the same pipe again, with an O_NONBLOCK flag of its own. Processes that inherit a descriptor share its flag,
 * and each process that starts clears it. A blocking write would block a thread, and the exit of the process.
 * @returns undefined if it is not a pipe, or belongs to another user: the caller writes to the inherited descriptor
 */
async function reopenPipe(stream: number): Promise<number | undefined> {
  const isPipe = await statOf(stream).then(
    (stats) => stats.isFIFO(),
    () => false,
  );
  if (!isPipe) return undefined;
  const flags = constants.O_WRONLY | constants.O_NONBLOCK;
  return openFile(`/proc/self/fd/${stream}`, flags).catch(() => undefined);
}
