import type { WorkerProcess } from './worker-process.js';

/** After the death of a process that only waited. */
const AGAIN_MS = 10_000;

/** The process that is set up and waits to take the place of one that dies: a start takes longer than a port may be closed. */
export class Standby {
  readonly #fork: () => WorkerProcess;
  #waiting: WorkerProcess | undefined;
  #ended = false;

  /** @param fork starts one, with what is served now */
  constructor(fork: () => WorkerProcess) {
    this.#fork = fork;
  }

  /** The one there is, also while it is being started, or dies. */
  get process(): WorkerProcess | undefined {
    return this.#waiting;
  }

  /** Has one stand by. One that dies while it waits is followed by another, after a while. */
  arrange(): void {
    if (this.#ended || (this.#waiting !== undefined && !this.#waiting.killed)) return;
    const worker = this.#fork();
    this.#waiting = worker;
    void worker.gone.then(() => {
      if (this.#waiting !== worker) return;
      this.#waiting = undefined;
      setTimeout(() => this.arrange(), AGAIN_MS).unref();
    });
  }

  /** Has it serve. Also one that is still being started: it is further than another would be. */
  take(): WorkerProcess | undefined {
    const worker = this.#waiting;
    if (worker === undefined || worker.killed) return undefined;
    this.#waiting = undefined;
    worker.serve();
    return worker;
  }

  /** No other one is started. */
  end(): void {
    this.#ended = true;
  }
}
