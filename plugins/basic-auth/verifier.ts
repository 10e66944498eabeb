import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { HttpError } from '@webserv/server';
import { FairQueue } from './fair-queue.js';
import { Misses } from './misses.js';
import type { CheckRequest, CheckResult } from './thread.js';

/** Maximum number of waiting checks, in total and per client. */
const MAX_WAITING = 256;
const MAX_WAITING_OF_CLIENT = 32;
const RETRY_AFTER_SECONDS = 2;

interface Check {
  readonly request: CheckRequest;
  readonly client: string;
  readonly resolve: (matches: boolean) => void;
  readonly reject: (error: Error) => void;
}

function busy(): HttpError {
  return new HttpError(503, {
    reason: 'too many password checks are waiting',
    headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
  });
}

/** Starts the thread from sources when the plugin itself runs from sources; rolldown.config.ts names the built file. */
function startThread(): Worker {
  // Node reads the working directory when it starts a thread. A deployment may have removed it: then its link count is
  // 0.
  if (statSync('.').nlink === 0) process.chdir('/');
  const fromSources = import.meta.url.endsWith('.ts');
  const file = new URL(fromSources ? './thread.ts' : './basic-auth-thread.js', import.meta.url);
  return new Worker(file, fromSources ? { execArgv: ['--import', 'jiti/register'] } : {});
}

/**
 * Checks passwords one after the other, in a thread of its own, because a check is slow by design. The thread starts
 * with the first check.
 */
export class Verifier {
  readonly #misses = new Misses();
  readonly #waiting = new FairQueue<Check>(MAX_WAITING, MAX_WAITING_OF_CLIENT, (client) =>
    this.#misses.of(client),
  );
  #current: Check | undefined;
  #thread: Worker | undefined;

  /**
   * @param password one character per byte
   * @param client key by which waiting and failed checks are counted
   * @throws HttpError 503 with Retry-After when the queue is full, or another client takes its place in it
   */
  verify(hash: string, password: string, client: string): Promise<boolean> {
    const request: CheckRequest = { hash, password: Buffer.from(password, 'latin1') };
    return new Promise((resolve, reject) => {
      const displaced = this.#waiting.push(client, { request, client, resolve, reject });
      if (displaced !== undefined) {
        this.#misses.add(displaced.client);
        displaced.reject(busy());
      }
      if (this.#current === undefined) this.#next();
    });
  }

  async dispose(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    for (let check = this.#current; check !== undefined; check = this.#waiting.shift()) check.reject(busy());
    this.#current = undefined;
    await thread?.terminate();
  }

  #next(): void {
    this.#current = this.#waiting.shift();
    if (this.#current === undefined) return;
    this.#thread ??= this.#start();
    this.#thread.postMessage(this.#current.request);
  }

  #settle({ matches, problem }: CheckResult): void {
    const check = this.#current;
    if (check !== undefined && !matches) this.#misses.add(check.client);
    this.#next();
    if (problem === undefined) check?.resolve(matches);
    else check?.reject(new Error(`a password could not be checked: ${problem}`));
  }

  #start(): Worker {
    const thread = startThread();
    // The thread must not keep a stopped server running.
    thread.unref();
    const lost = (error: Error): void => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      this.#current?.reject(error);
      this.#next();
    };
    thread.on('message', (result: CheckResult) => this.#settle(result));
    thread.on('error', lost);
    thread.on('exit', () => lost(new Error('the password checking thread exited unexpectedly')));
    return thread;
  }
}
