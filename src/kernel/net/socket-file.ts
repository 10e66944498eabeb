import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { errorCode } from '../diagnostics/error-code.js';
import type { Account } from '../rights/account.js';
import { actAs } from '../rights/act-as.js';
import { writerOf } from '../rights/path-writer.js';
import { type BoundSocket, bindAddress } from './bound-socket.js';

/** All users may connect, as with nginx: the permissions of the directory decide who can reach the socket. */
const MODE = 0o666;

/** A socket with the function that closes it and deletes its file. */
export interface OwnedSocket {
  readonly socket: BoundSocket;
  close(): void;
}

/**
 * Creates a socket file and binds to it. If users other than root can write to its directory, the file is created and
 * deleted with the rights of the workers' account.
 * @throws ErrnoException
 */
export async function bindSocketFile(path: string, account: Account | undefined): Promise<OwnedSocket> {
  const isStale = !(await isInUse(path));
  const writer = writerOf(path, account);
  const socket = actAs(writer, () => {
    if (isStale) removeSocketFile(path);
    return withModeOf(path, () => bindAddress({ kind: 'unix', path }));
  });
  // libuv deletes the file when it closes the socket.
  return { socket, close: () => actAs(writer, () => socket.close()) };
}

/**
 * Takes over a socket whose file another process has created. The file is deleted with the rights of its owner, the
 * account that created it.
 */
export function adoptSocketFile(socket: BoundSocket, path: string): OwnedSocket {
  return {
    socket,
    close: () => {
      socket.close();
      const owner = lstatSync(path, { throwIfNoEntry: false });
      if (owner === undefined) return;
      const account = owner.uid === 0 ? undefined : { uid: owner.uid, gid: owner.gid, groups: [] };
      actAs(writerOf(path, account), () => removeSocketFile(path));
    },
  };
}

/**
 * Sets the mode through the umask, so that the file never has another mode: `chmod` would follow a link that has
 * replaced it.
 */
function withModeOf(path: string, bind: () => BoundSocket): BoundSocket {
  if (!isMainThread) {
    // Only the main thread may change the process's umask. No server runs in another thread, but tests do.
    const socket = bind();
    chmodSync(path, MODE);
    return socket;
  }
  const before = process.umask(0o777 & ~MODE);
  try {
    return bind();
  } finally {
    process.umask(before);
  }
}

/** Deletes a socket file, if it exists. A stale file of a killed server would block the path. */
function removeSocketFile(path: string): void {
  try {
    if (lstatSync(path).isSocket()) unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

function isInUse(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
