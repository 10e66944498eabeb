import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { errorCode } from '../diagnostics/error-code.js';
import type { Account } from '../rights/account.js';
import { actAs } from '../rights/act-as.js';
import { writerOf } from '../rights/path-writer.js';
import { type BoundSocket, bindAddress } from './bound-socket.js';

/** Everybody may connect, as with nginx: the directory decides who reaches the socket. */
const MODE = 0o666;

/** A socket with how to let go of it: its file is deleted too. */
export interface OwnedSocket {
  readonly socket: BoundSocket;
  close(): void;
}

/**
 * Makes a socket file and binds to it. Where others than root can write to its directory, it is made and deleted with the
 * rights of the workers' account.
 * @throws ErrnoException
 */
export async function bindSocketFile(path: string, account: Account | undefined): Promise<OwnedSocket> {
  const isStale = !(await answers(path));
  const writer = writerOf(path, account);
  const socket = actAs(writer, () => {
    if (isStale) removeSocketFile(path);
    return withModeOf(path, () => bindAddress({ kind: 'unix', path }));
  });
  // libuv deletes the file as it closes the socket.
  return { socket, close: () => actAs(writer, () => socket.close()) };
}

/**
 * A socket whose file another process has made. It is deleted with the rights of whoever owns it, which is the account that
 * made it.
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

/** By the umask, so that the file never has another mode: a `chmod` would follow a link that has come in its place. */
function withModeOf(path: string, bind: () => BoundSocket): BoundSocket {
  if (!isMainThread) {
    // Only the main thread may change what is the process's own. No server runs in another one, but tests do.
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

/** A socket file that a killed server left behind would keep the path taken. One that answers is in use. */
function removeSocketFile(path: string): void {
  try {
    if (lstatSync(path).isSocket()) unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
