import cluster from 'node:cluster';
import { rm, writeFile } from 'node:fs/promises';
import { createLog, fileTarget, stderrTarget } from '../error-log.js';
import type { Log } from '../log.js';
import { RefusedError, WorkerProcess } from './generation.js';
import type { Launch, Serving } from './messages.js';
import { watchFiles } from './watch.js';

export interface MasterOptions {
  /** The module a worker process runs. */
  readonly workerModule: URL;
  readonly launch: Launch;
  /** Reload when a file of the configuration changes. */
  readonly watch: boolean;
  /** Called once, when the first worker serves. */
  readonly announce: (serving: Serving) => void;
  /** What went wrong at the start, or warnings: text for people, with its line breaks. */
  readonly report: (text: string) => void;
}

/** Between two looks at the workers' heartbeats. */
const LOOK_MS = 1000;
/** A worker that lived shorter than this died of something that may happen to the next one too. */
const SHORT_LIFE_MS = 10_000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;

/**
 * Supervises the workers: starts, replaces, reloads and stops them. It loads no configuration and no plugin and serves no
 * request, so that nothing in them can stop it.
 */
export class Master {
  readonly #options: MasterOptions;
  #log: Log = createLog('info', stderrTarget());
  /** The workers that should serve; those of an older generation only finish. */
  #workers = new Set<WorkerProcess>();
  readonly #retired = new Set<WorkerProcess>();
  #settings: Serving | undefined;
  #generation = 0;
  #reloading: Promise<void> | undefined;
  #reloadAgain = false;
  #delayMs = 0;
  #stopping = false;
  #look: NodeJS.Timeout | undefined;
  #unwatch: (() => void) | undefined;

  constructor(options: MasterOptions) {
    this.#options = options;
    // Workers accept for themselves: a master that hands out connections would be at work for each.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({ exec: options.workerModule.pathname, args: [] });
  }

  /** @returns false when the configuration or an address cannot be used; the reason has been reported */
  async start(): Promise<boolean> {
    try {
      const { workers, settings } = await this.#raise();
      this.#adopt(workers, settings);
      await this.#writePid(settings.pidFile);
      this.#options.announce(settings);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      this.#options.report(error.message);
      this.kill();
      return false;
    }
    this.#look = setInterval(() => this.#lookAfter(), LOOK_MS);
    return true;
  }

  /** Starts a new generation; when all of it serves, the old one finishes. A bad configuration changes nothing. */
  reload(): void {
    if (this.#stopping) return;
    if (this.#reloading !== undefined) {
      this.#reloadAgain = true;
      return;
    }
    this.#reloading = this.#replaceAll().finally(() => {
      this.#reloading = undefined;
      if (!this.#reloadAgain) return;
      this.#reloadAgain = false;
      this.reload();
    });
  }

  reopen(): void {
    this.#openLog();
    for (const worker of this.#everybody()) worker.reopen();
  }

  /** @param graceMs for what is in flight; undefined: the configured time; Infinity: as long as it takes */
  async stop(graceMs = this.#settings?.shutdownTimeout ?? 0): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#look);
    this.#unwatch?.();
    for (const worker of this.#everybody()) worker.stop(graceMs);
    await Promise.all(this.#everybody().map((worker) => worker.gone));
    if (this.#settings?.pidFile !== undefined) await rm(this.#settings.pidFile, { force: true });
  }

  kill(): void {
    for (const worker of this.#everybody()) worker.kill();
  }

  #everybody(): WorkerProcess[] {
    return [...this.#workers, ...this.#retired];
  }

  /** One worker first: it tells how many there are to be, and whether the configuration is any good. */
  async #raise(): Promise<{ workers: Set<WorkerProcess>; settings: Serving }> {
    const first = this.#fork();
    const workers = new Set([first]);
    try {
      const settings = await first.serving;
      while (workers.size < settings.workers) workers.add(this.#fork());
      await Promise.all([...workers].map((worker) => worker.serving));
      if (settings.report !== '') this.#options.report(settings.report);
      return { workers, settings };
    } catch (error) {
      for (const worker of workers) worker.kill();
      throw error;
    }
  }

  /** @throws RefusedError: a server that cannot be found again by -s is not what was asked for */
  async #writePid(file: string | undefined): Promise<void> {
    if (file === undefined) return;
    try {
      await writeFile(file, `${process.pid}\n`);
    } catch (error) {
      throw new RefusedError(`webserv: the pid file cannot be written: ${String(error)}\n`);
    }
  }

  #fork(): WorkerProcess {
    return new WorkerProcess(this.#options.launch);
  }

  #adopt(workers: Set<WorkerProcess>, settings: Serving): void {
    this.#generation += 1;
    this.#workers = workers;
    this.#settings = settings;
    this.#openLog();
    this.#watchFiles(settings.files);
    for (const worker of workers) this.#supervise(worker);
  }

  #watchFiles(files: readonly string[]): void {
    if (!this.#options.watch) return;
    this.#unwatch?.();
    this.#unwatch = watchFiles(files, () => this.reload());
  }

  #openLog(): void {
    const errorLog = this.#settings?.errorLog;
    const target = errorLog?.path === undefined ? stderrTarget() : fileTarget(errorLog.path);
    this.#log = createLog(errorLog?.level ?? 'info', target);
  }

  async #replaceAll(): Promise<void> {
    try {
      const { workers, settings } = await this.#raise();
      const old = this.#workers;
      const previous = this.#settings;
      this.#adopt(workers, settings);
      for (const worker of old) this.#retire(worker, previous?.shutdownTimeout ?? 0);
      this.#log.info(`reloaded: generation ${this.#generation}, ${workers.size} worker(s)`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.error(`not reloaded, the server goes on as it was:\n${reason.trimEnd()}`);
    }
  }

  #retire(worker: WorkerProcess, graceMs: number): void {
    this.#retired.add(worker);
    void worker.gone.then(() => this.#retired.delete(worker));
    worker.stop(graceMs);
  }

  /** A worker that ends without being asked is replaced; one that did not live long, after a while. */
  #supervise(worker: WorkerProcess): void {
    void worker.gone.then(() => {
      if (!this.#workers.delete(worker) || this.#stopping || worker.stopping) return;
      const lived = performance.now() - worker.startedAt;
      this.#delayMs =
        lived >= SHORT_LIFE_MS ? 0 : Math.min(MAX_DELAY_MS, this.#delayMs * 2 || FIRST_DELAY_MS);
      this.#log.error(
        `worker ${worker.pid} ended after ${(lived / 1000).toFixed(1)} s; another one starts in ${this.#delayMs} ms`,
      );
      setTimeout(() => this.#replace(), this.#delayMs);
    });
  }

  #replace(): void {
    if (this.#stopping || this.#workers.size >= (this.#settings?.workers ?? 0)) return;
    const worker = this.#fork();
    this.#workers.add(worker);
    this.#supervise(worker);
    worker.serving.catch((error: unknown) => {
      if (error instanceof RefusedError)
        this.#log.error(`a worker cannot serve:\n${error.message.trimEnd()}`);
    });
  }

  #lookAfter(): void {
    for (const worker of this.#workers) {
      if (!worker.hangs) continue;
      this.#log.error(`worker ${worker.pid} hangs: it is killed`);
      worker.kill();
    }
  }
}
