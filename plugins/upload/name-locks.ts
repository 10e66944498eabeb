import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenDirectory } from '@webserv/server';
import { KeyedQueue } from './keyed-queue.js';
import { lockForProcesses } from './process-lock.js';

/** Milliseconds for which this process leaves a lock to others before its next request takes it. */
const YIELD = 2;

/**
 * One at a time for each name in a directory, over all workers of the server. Between looking at a file and replacing
 * it no other upload may replace it: two conditional requests would both hold, and one of them would be lost
 * (RFC 9110 §13.1.1).
 */
export class NameLocks {
  readonly #queue = new KeyedQueue();

  /** @throws HttpError 503 when another process keeps the name for too long */
  async take<T>(directory: OpenDirectory, name: string, work: () => Promise<T>): Promise<T> {
    const key = `${await directory.identity()}:${name}`;
    return this.#queue.take(key, async (position) => {
      // Another process learns that the lock is free a moment later than this one.
      if (position > 0) await sleep(YIELD);
      const release = await lockForProcesses(key);
      try {
        return await work();
      } finally {
        await release();
      }
    });
  }
}
