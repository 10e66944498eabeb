import { createHash } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, HttpError } from '@webserv/server';

/** Maximum wait in milliseconds. The work under a lock takes about one. */
const MAX_WAIT = 10_000;
/**
 * Milliseconds between two attempts when waiting on the holder is impossible: it has just released the lock, or its
 * backlog is full.
 */
const PAUSE = 3;

/** Releases a lock and notifies waiting processes. */
export type Release = () => Promise<void>;

const nothing: Release = async () => {};

/**
 * Returns an address in Linux's abstract namespace for sockets (unix(7)). It is not a file, only one process at a time
 * can bind it, and the kernel frees it when that process ends, however it ends: no lock outlives its holder.
 */
function addressOf(key: string): string {
  return `\0webserv-upload-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
}

/** @returns undefined when another process has bound the address @throws the system's error, such as EMFILE */
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
    // Workers of a cluster would otherwise share one socket, and all of them would hold the lock.
    server.listen({ path, exclusive: true }, () => resolve(release));
  });
}

/** Resolves when the holder releases the lock, has ended, or the time is over. */
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
 * Excludes other processes on this machine that use the same key. Only Linux has such a namespace: on other systems
 * this excludes no process.
 * @throws HttpError 503 with Retry-After when another process does not release the lock in time
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
      throw new HttpError(503, {
        reason: 'timed out waiting for another upload to the same name',
        headers: { 'retry-after': '1' },
      });
    }
    const before = performance.now();
    await untilReleased(path, left);
    if (performance.now() - before < PAUSE) await sleep(PAUSE * Math.random());
  }
}
