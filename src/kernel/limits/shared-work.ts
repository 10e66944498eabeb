import { HttpError } from '../http/errors.js';
import { WorkLimit, type WorkLimitOptions } from './work-limit.js';

interface Task<Value> {
  readonly result: Promise<Value>;
  /** Aborted when all its clients have left. */
  readonly abort: AbortController;
  clients: number;
  /** By `performance.now()`; undefined while it waits for its turn. */
  begunAt: number | undefined;
}

/**
 * Work that costs much and whose result suits all who ask for the same at the same time: it is done once for them. For
 * one key one is under way at a time, for all keys a bounded number; the rest waits in a bounded queue. It stops when
 * all who asked have left.
 */
export class SharedWork<Value> {
  readonly #limit: WorkLimit;
  /** The latest of each key. */
  readonly #tasks = new Map<string, Task<Value>>();
  #changedAt = Number.NEGATIVE_INFINITY;

  constructor(options: WorkLimitOptions) {
    this.#limit = new WorkLimit(options);
  }

  /**
   * Joins the work under way for the key, or begins it.
   * @param work should stop, by throwing, when its signal is aborted
   * @param signal aborted when this client leaves
   * @throws HttpError 503 with Retry-After when too much waits already, and what the work throws
   */
  do(key: string, work: (signal: AbortSignal) => Promise<Value>, signal: AbortSignal): Promise<Value> {
    const latest = this.#tasks.get(key);
    const joins = latest !== undefined && this.#isCurrent(latest);
    return this.#attend(key, joins ? latest : this.#begin(key, work, latest), signal);
  }

  /** Work begun before now is not joined any more: what it reads may have changed. */
  expire(): void {
    this.#changedAt = performance.now();
  }

  #isCurrent({ abort, begunAt }: Task<Value>): boolean {
    return !abort.signal.aborted && (begunAt === undefined || begunAt > this.#changedAt);
  }

  #begin(key: string, work: (signal: AbortSignal) => Promise<Value>, before?: Task<Value>): Task<Value> {
    const abort = new AbortController();
    const run = async (): Promise<Value> => {
      // Its result is not good enough any more, but it takes its time still.
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
    // Not before the task is known: what is thrown at once ends it, too.
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
        // It stays known while it still works: the next one for this key waits for its end.
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
  return new HttpError(503, { reason: 'too much work of this kind waits', headers: { 'retry-after': '1' } });
}
