import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { HttpError } from '@webserv/server';
import { FairQueue } from './fair-queue.js';
import { Misses } from './misses.js';
import type { Answer, Question } from './thread.js';

/** Checks that may wait, of all clients and of one. */
const MAX_WAITING = 256;
const MAX_WAITING_OF_CLIENT = 32;
const RETRY_AFTER_SECONDS = 2;

interface Check {
  readonly question: Question;
  readonly client: string;
  readonly resolve: (matches: boolean) => void;
  readonly reject: (error: Error) => void;
}

function busy(): HttpError {
  return new HttpError(503, {
    reason: 'too many passwords are waiting to be checked',
    headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
  });
}

/** Where the plugin runs from its sources, so does the thread. */
function startThread(): Worker {
  // Node asks for the working directory when it starts a thread. A deploy may have removed it: no links are left then.
  if (statSync('.').nlink === 0) process.chdir('/');
  const fromSources = import.meta.url.endsWith('.ts');
  const file = new URL(fromSources ? './thread.ts' : './thread.js', import.meta.url);
  return new Worker(file, fromSources ? { execArgv: ['--import', 'jiti/register'] } : {});
}

/**
 * Checks passwords one after the other, in a thread beside the one that answers requests: a check is made to be slow.
 * The thread starts with the first check.
 */
export class Verifier {
  readonly #misses = new Misses();
  readonly #waiting = new FairQueue<Check>(MAX_WAITING, MAX_WAITING_OF_CLIENT, (client) =>
    this.#misses.of(client),
  );
  #current: Check | undefined;
  #thread: Worker | undefined;

  /**
   * @param password one character a byte
   * @param client what it is counted by
   * @throws HttpError 503 with Retry-After when there is no place, or it has to give its place to another client
   */
  verify(hash: string, password: string, client: string): Promise<boolean> {
    const question: Question = { hash, password: Buffer.from(password, 'latin1') };
    return new Promise((resolve, reject) => {
      const displaced = this.#waiting.push(client, { question, client, resolve, reject });
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
    this.#thread.postMessage(this.#current.question);
  }

  #settle({ matches, problem }: Answer): void {
    const check = this.#current;
    if (check !== undefined && !matches) this.#misses.add(check.client);
    this.#next();
    if (problem === undefined) check?.resolve(matches);
    else check?.reject(new Error(`a password could not be checked: ${problem}`));
  }

  #start(): Worker {
    const thread = startThread();
    // A server that has stopped need not wait for it.
    thread.unref();
    const lost = (error: Error): void => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      this.#current?.reject(error);
      this.#next();
    };
    thread.on('message', (answer: Answer) => this.#settle(answer));
    thread.on('error', lost);
    thread.on('exit', () => lost(new Error('the thread that checks passwords has ended')));
    return thread;
  }
}
