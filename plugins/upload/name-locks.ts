import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenDirectory } from '@webserv/server';
import { KeyedQueue } from './keyed-queue.js';
import { lockForProcesses } from './process-lock.js';

/** Milliseconds for which this process leaves a lock to other processes before its next request acquires it. */
const YIELD = 2;

/**
 * Locks one name in a directory across all workers of the server. No other upload may replace a file between the check
 * of its preconditions and its replacement: otherwise two conditional requests would both succeed, and one update would
 * be lost (RFC 9110 §13.1.1).
 */
export class NameLocks {
  readonly #queue = new KeyedQueue();

  /** @throws HttpError 503 when another process holds the lock for too long */
  async take<T>(directory: OpenDirectory, name: string, work: () => Promise<T>): Promise<T> {
    const key = `${await directory.identity()}:${name}`;
    return this.#queue.take(key, async (position) => {
      // Other processes learn a moment later than this one that the lock is free.
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
