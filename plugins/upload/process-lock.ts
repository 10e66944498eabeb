import { createHash } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpError } from '@webserv/server';
import { errorCode } from './failure.js';

/** Milliseconds. What is done under a lock takes about one. */
const MAX_WAIT = 10_000;
/** Milliseconds between two attempts where the holder cannot be waited for: it has just let go, or too many wait. */
const PAUSE = 3;

/** Ends what a lock is held by, and lets the others know. */
export type Release = () => Promise<void>;

const nothing: Release = async () => {};

/**
 * An address of Linux's own name space for sockets (unix(7), "abstract"). It is no file, one process at a time can have
 * it, and the kernel takes it back when that process ends, however it ends: no lock outlives its holder.
 */
function addressOf(key: string): string {
  return `\0webserv-upload-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
}

/** @returns undefined when another process has the address @throws the system's error, such as EMFILE */
function bind(path: string): Promise<Release | undefined> {
  return new Promise((resolve, reject) => {
    const waiting = new Set<Socket>();
    const server: Server = createServer((socket) => {
      waiting.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => waiting.delete(socket));
    });
    const release: Release = () =>
      new Promise((done) => {
        server.close(() => done());
        for (const socket of waiting) socket.destroy();
      });
    server.once('error', (error) => {
      if (errorCode(error) === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    // Workers of a cluster would otherwise share one socket: all of them would have the lock.
    server.listen({ path, exclusive: true }, () => resolve(release));
  });
}

/** Until the holder lets go, has ended, or the time is over. */
function untilReleased(path: string, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const timer = setTimeout(() => socket.destroy(), milliseconds);
    socket.on('error', () => {});
    socket.resume();
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * Keeps the other processes of this machine out that ask for the same key. Where there is no such name space, which is
 * everywhere but on Linux, it keeps nobody out.
 * @throws HttpError 503 with Retry-After when another process does not let go
 */
export async function lockForProcesses(key: string): Promise<Release> {
  if (process.platform !== 'linux') return nothing;
  const path = addressOf(key);
  const deadline = performance.now() + MAX_WAIT;
  for (;;) {
    const release = await bind(path);
    if (release !== undefined) return release;
    const left = deadline - performance.now();
    if (left <= 0) {
      throw new HttpError(503, { reason: 'another upload keeps the name', headers: { 'retry-after': '1' } });
    }
    const before = performance.now();
    await untilReleased(path, left);
    if (performance.now() - before < PAUSE) await sleep(PAUSE * Math.random());
  }
}
