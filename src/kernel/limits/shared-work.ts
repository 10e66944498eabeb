import { HttpError } from '../http/errors.js';
import { WorkLimit, type WorkLimitOptions } from './work-limit.js';

interface Task<Value> {
  readonly result: Promise<Value>;
  /** Aborted when all its clients have left. */
  readonly abort: AbortController;
  clients: number;
  /** Start time by `performance.now()`; undefined while it waits in the queue. */
  begunAt: number | undefined;
}

/**
 * Shares costly work between requests for the same result at the same time: the work is done once for all of them. At
 * most one task per key runs at a time, and a limited number over all keys; the rest waits in a bounded queue. A task
 * stops when all its clients have left.
 */
export class SharedWork<Value> {
  readonly #limit: WorkLimit;
  /** The latest task of each key. */
  readonly #tasks = new Map<string, Task<Value>>();
  #changedAt = Number.NEGATIVE_INFINITY;

  constructor(options: WorkLimitOptions) {
    this.#limit = new WorkLimit(options);
  }

  /**
   * Joins the running work for the key, or starts it.
   * @param work should stop, by throwing, when its signal is aborted
   * @param signal aborted when this client leaves
   * @throws HttpError 503 with Retry-After if the queue is full, and any error the work throws
   */
  do(key: string, work: (signal: AbortSignal) => Promise<Value>, signal: AbortSignal): Promise<Value> {
    const latest = this.#tasks.get(key);
    const joins = latest !== undefined && this.#isCurrent(latest);
    return this.#attend(key, joins ? latest : this.#begin(key, work, latest), signal);
  }

  /** Ensures that later calls do not join work started before now: the data it reads may have changed. */
  expire(): void {
    this.#changedAt = performance.now();
  }

  #isCurrent({ abort, begunAt }: Task<Value>): boolean {
    return !abort.signal.aborted && (begunAt === undefined || begunAt > this.#changedAt);
  }

  #begin(key: string, work: (signal: AbortSignal) => Promise<Value>, before?: Task<Value>): Task<Value> {
    const abort = new AbortController();
    const run = async (): Promise<Value> => {
      // The earlier result is outdated, but that task still uses resources: wait for its end.
      await before?.result.catch(() => {});
      const turn = this.#limit.acquire(abort.signal);
      if (turn === undefined) throw busy();
      const release = await turn;
      try {
        task.begunAt = performance.now();
        abort.signal.throwIfAborted();
        return await work(abort.signal);
      } finally {
        release();
      }
    };
    // Run it after the task is registered: an immediate error must also remove the task.
    const result = Promise.resolve().then(run);
    const task: Task<Value> = { result, abort, clients: 0, begunAt: undefined };
    this.#tasks.set(key, task);
    const ended = (): void => this.#forget(key, task);
    result.then(ended, ended);
    return task;
  }

  #attend(key: string, task: Task<Value>, signal: AbortSignal): Promise<Value> {
    task.clients += 1;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        reject(new HttpError(400, { reason: 'the client left' }));
        task.clients -= 1;
        if (task.clients > 0) return;
        task.abort.abort();
        // Running work stays registered: the next task for this key waits for its end.
        if (task.begunAt === undefined) this.#forget(key, task);
      };
      if (signal.aborted) {
        leave();
        return;
      }
      signal.addEventListener('abort', leave, { once: true });
      task.result.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }

  #forget(key: string, task: Task<Value>): void {
    if (this.#tasks.get(key) === task) this.#tasks.delete(key);
  }
}

function busy(): HttpError {
  return new HttpError(503, {
    reason: 'too many requests are waiting for work of this kind',
    headers: { 'retry-after': '1' },
  });
}
