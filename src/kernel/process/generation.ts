import cluster, { type Worker } from 'node:cluster';
import { isFromWorker, type Launch, type Serving } from './messages.js';

/** How long a worker may take to load, set up its plugins and listen. */
const START_TIMEOUT_MS = 30_000;
/** A worker that has not said for this long that its event loop turns is hung. */
const HEARTBEAT_TIMEOUT_MS = 15_000;
/** Beyond its grace a worker is killed: a plugin may hold its exit up. */
const EXIT_MARGIN_MS = 2000;

/** Why a worker does not serve, for people. */
export class RefusedError extends Error {
  constructor(report: string) {
    super(report);
    this.name = 'RefusedError';
  }
}

/** One worker process as the master sees it. */
export class WorkerProcess {
  /** Settles when it serves; rejects with RefusedError when it will not. */
  readonly serving: Promise<Serving>;
  /** Settles when the process is gone. */
  readonly gone: Promise<void>;
  readonly startedAt = performance.now();
  readonly #worker: Worker;
  #heardAt = performance.now();
  #serves = false;
  #stopping = false;

  constructor(launch: Launch) {
    const worker = cluster.fork({ WEBSERV_LAUNCH: JSON.stringify(launch) });
    this.#worker = worker;
    this.gone = new Promise((resolve) => worker.once('exit', () => resolve()));
    this.serving = new Promise((resolve, reject) => {
      const refuse = (report: string): void => {
        clearTimeout(timer);
        reject(new RefusedError(report));
      };
      const timer = setTimeout(() => {
        this.kill();
        refuse(`a worker did not start to serve within ${START_TIMEOUT_MS / 1000} s\n`);
      }, START_TIMEOUT_MS);
      worker.once('exit', (code, signal) => {
        refuse(`a worker ended before it served (${signal ?? `exit ${code}`})\n`);
      });
      worker.on('message', (message: unknown) => {
        this.#heardAt = performance.now();
        if (!isFromWorker(message)) return;
        if (message.type === 'refused') refuse(message.report);
        if (message.type !== 'serving') return;
        clearTimeout(timer);
        this.#serves = true;
        resolve(message);
      });
    });
    // Whoever waits for it handles it; a worker that is replaced has nobody waiting any more.
    this.serving.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#worker.process.pid;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** It serves, but its event loop has not turned for too long. */
  get hangs(): boolean {
    return this.#serves && !this.#stopping && performance.now() - this.#heardAt > HEARTBEAT_TIMEOUT_MS;
  }

  /** @param graceMs for what is in flight; Infinity for as long as it takes */
  stop(graceMs: number): void {
    this.#stopping = true;
    if (!this.#worker.isConnected()) return;
    const bounded = graceMs !== Number.POSITIVE_INFINITY;
    this.#worker.send({ type: 'stop', graceMs: bounded ? graceMs : null });
    if (bounded) setTimeout(() => this.kill(), graceMs + EXIT_MARGIN_MS).unref();
  }

  reopen(): void {
    if (this.#worker.isConnected()) this.#worker.send({ type: 'reopen' });
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL');
  }
}
