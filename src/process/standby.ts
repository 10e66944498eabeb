import type { WorkerProcess } from './worker-process.js';

/** Delay after a standby worker has died while waiting. */
const AGAIN_MS = 10_000;

/**
 * Keeps one worker set up and waiting, to replace a worker that ends: starting one takes longer than a port may be
 * closed.
 */
export class Standby {
  readonly #fork: () => WorkerProcess;
  #waiting: WorkerProcess | undefined;
  #ended = false;

  /** @param fork starts a standby worker with the configuration in use */
  constructor(fork: () => WorkerProcess) {
    this.#fork = fork;
  }

  /** The current standby worker, also while it is starting or dying. */
  get process(): WorkerProcess | undefined {
    return this.#waiting;
  }

  /** Starts a standby worker unless one exists. One that dies while it waits is replaced after a delay. */
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

  /** Makes the standby worker serve. Even one that is still starting is further along than a new one would be. */
  take(): WorkerProcess | undefined {
    const worker = this.#waiting;
    if (worker === undefined || worker.killed) return undefined;
    this.#waiting = undefined;
    worker.serve();
    return worker;
  }

  /** Stops starting standby workers. */
  end(): void {
    this.#ended = true;
  }
}
