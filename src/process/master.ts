import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { ConfigSnapshot } from '../kernel/config/files/config-files.js';
import { errorCode } from '../kernel/diagnostics/error-code.js';
import { workingDirectory } from '../kernel/diagnostics/working-directory.js';
import { createLog, fileTarget, type LogTarget } from '../kernel/log/error-log.js';
import type { Log } from '../kernel/log/log.js';
import { ReportOnce } from '../kernel/log/report-once.js';
import { formatAddress } from '../kernel/net/address.js';
import type { Account } from '../kernel/rights/account.js';
import { excessOf } from './balance.js';
import type { Handover } from './handover.js';
import { MASTER_TITLE } from './identity.js';
import type { InheritedSocket } from './inherited-socket.js';
import { giveLogs } from './log-owner.js';
import { masterFamilies } from './master-metrics.js';
import type { FromWorker, Launch, Order, Serving } from './messages.js';
import { MetricsAggregator } from './metrics-aggregator.js';
import { PidFile } from './pid-file.js';
import { RestartBackoff } from './restart-backoff.js';
import type { ServiceManager } from './service-manager.js';
import { limitSharedHandles } from './shared-handles.js';
import { Sockets, type SocketWish } from './sockets.js';
import { Standby } from './standby.js';
import { Successor } from './successor.js';
import { Watch } from './watch.js';
import { RefusedError, WorkerProcess } from './worker-process.js';

export interface MasterOptions {
  /** The module a worker process runs. */
  readonly workerModule: URL;
  readonly launch: Launch;
  /** Listening sockets this process was started with, behind stdin, stdout and stderr. */
  readonly inherited: readonly InheritedSocket[];
  readonly service: ServiceManager;
  /** From the master that this one takes over from. */
  readonly handover: Handover | undefined;
  /** The program as it was called, and its arguments. */
  readonly command: readonly string[];
  /** Which version runs here, and which one is installed by now. */
  readonly version: { readonly running: string; readonly installed: () => Promise<string> };
  /** Reload when a file of the configuration changes. */
  readonly watch: boolean;
  /** Called once, when the first worker serves. */
  readonly announce: (serving: Serving) => void;
  /** For what went wrong at the start, and warnings; and for the log, where no other place is configured. */
  readonly stderr: LogTarget;
}

/**
 * A client may be sending its next request just now on a connection that looks idle: at a reload it is worth waiting for,
 * since the server goes on; at a stop a little.
 */
const RELOAD_IDLE_MS = 3000;
const STOP_IDLE_MS = 200;
/** Between two looks at the workers' heartbeats. */
const LOOK_MS = 1000;

/** Of a package.json that cannot be read. */
const UNKNOWN_VERSION = 'unknown';

type Role = Pick<Order, 'standby' | 'successor'>;
const OF_A_CHANGE: Role = { standby: false, successor: false };

/** Workers that all serve the same configuration, and what is known of it. */
interface Generation {
  readonly workers: Set<WorkerProcess>;
  readonly settings: Serving;
}

/**
 * Supervises the workers: starts, replaces, reloads and stops them. It loads no configuration and no plugin and serves no
 * request, so that nothing in them can stop it.
 */
export class Master {
  readonly #options: MasterOptions;
  #log: Log;
  /** The log's file, where it has one. */
  #logFile: LogTarget | undefined;
  /** The workers that should serve; those of an older generation only finish. */
  #workers = new Set<WorkerProcess>();
  readonly #retired = new Set<WorkerProcess>();
  /** Those of a generation that is being started. */
  #raising = new Set<WorkerProcess>();
  readonly #standby = new Standby(() => this.#fork(this.#snapshot, { standby: true, successor: true }));
  #settings: Serving | undefined;
  /** The texts of the configuration that is served: a worker that is replaced reads them, whatever the disk has by then. */
  #snapshot: ConfigSnapshot | undefined;
  /** Warnings of the configuration that is served, and what successors lack, that have been reported. */
  readonly #lacks = new ReportOnce({ max: Number.POSITIVE_INFINITY }); // the configuration bounds them
  /** What the last start or reload took until all served. */
  #startMs = 0;
  #generation = 0;
  #restarts = 0;
  readonly #metrics = new MetricsAggregator<WorkerProcess>();
  readonly #sockets = new Sockets<WorkerProcess>();
  /** The account that workers switch to. */
  #becomes: Account | undefined;
  /** The start, or a reload, that is under way. */
  #changing: Promise<void> | undefined;
  #reloadAgain = false;
  /** Workers that were given a place and did not serve in time. */
  readonly #doubted = new Set<WorkerProcess>();
  readonly #backoff = new RestartBackoff();
  readonly #pidFile = new PidFile();
  #stopping = false;
  #look: NodeJS.Timeout | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  readonly #watch: Watch | undefined;
  /** A master that is to take over from this one. */
  #successor: Successor | undefined;
  /** Why the start came to nothing, for people. */
  refusal = '';

  constructor(options: MasterOptions) {
    this.#options = options;
    this.#log = createLog('info', options.stderr);
    if (options.watch) {
      const complain = (text: string): void => this.#log.warn(text);
      this.#watch = new Watch({ changed: () => this.reload(), complain });
    }
    // Workers accept for themselves: a master that hands out connections would be at work for each.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    limitSharedHandles(() => this.#becomes !== undefined && this.#becomes.uid !== 0);
    // Inherited sockets keep their numbers. This process never touches its own: they outlive every worker.
    const sockets = options.inherited.map(({ descriptor }) => descriptor);
    cluster.setupPrimary({
      exec: fileURLToPath(options.workerModule),
      args: [],
      stdio: ['inherit', 'inherit', 'inherit', ...sockets, 'ipc'],
    });
  }

  /**
   * @returns false when the configuration or an address cannot be used; the reason has been reported. True also when it
   * was told to stop meanwhile
   */
  async start(): Promise<boolean> {
    process.title = MASTER_TITLE;
    this.#sockets.adopt(this.#options.handover?.bound ?? []);
    const begun = this.#begin();
    this.#change(begun.then(() => {}));
    return begun;
  }

  async #begin(): Promise<boolean> {
    try {
      const generation = await this.#raise();
      this.#adopt(generation);
      this.#sockets.settle();
      this.#options.announce(generation.settings);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      if (this.#stopping) return true;
      this.#stopping = true;
      this.#standby.end();
      this.#watch?.close();
      this.refusal = error.message;
      this.#options.stderr.write(error.message);
      this.kill();
      return false;
    }
    this.#look = setInterval(() => this.#lookAfter(), LOOK_MS);
    const { service } = this.#options;
    service.ready(this.#status());
    if (service.watchdogMs !== undefined) {
      this.#watchdog = setInterval(() => this.#isHealthy() && service.alive(), service.watchdogMs);
    }
    return true;
  }

  /** Starts a new generation; when all of it serves, the old one finishes. A bad configuration changes nothing. */
  reload(): void {
    if (this.#stopping) return;
    if (this.#changing !== undefined) this.#reloadAgain = true;
    else this.#change(this.#replaceAll());
  }

  /**
   * Starts the program that is installed by now, which takes over with the listening sockets: no connection is refused.
   * @returns whether it serves: this master should stop then. False: it goes on, and the log says why
   */
  async upgrade(): Promise<boolean> {
    while (this.#changing !== undefined) await this.#changing;
    if (this.#stopping) return false;
    const work = this.#handOver();
    this.#change(work.then(() => {}));
    return work;
  }

  async #handOver(): Promise<boolean> {
    const { service } = this.#options;
    // The end of process 1 is the end of its container.
    const problem =
      process.pid === 1 ? 'it is process 1 of a container: replace the container' : await this.#succeed();
    if (problem === undefined) return true;
    if (this.#stopping) return false;
    this.#log.error(`not upgraded, the server goes on as it was: ${problem.trimEnd()}`);
    service.ready(`not upgraded, the log tells why; ${this.#status()}`);
    return false;
  }

  /** @returns why nothing came of it */
  async #succeed(): Promise<string | undefined> {
    const { service, inherited, command } = this.#options;
    service.reloading();
    const bound = await this.#sockets.bound();
    const successor = new Successor({ command, inherited, bound, environment: service.forSuccessor });
    this.#successor = successor;
    const problem = await successor.outcome;
    this.#successor = undefined;
    if (problem !== undefined) {
      // It may have had the pid file already.
      const { pidFile, account } = this.#settings ?? {};
      await this.#pidFile.claim(pidFile, account).catch(() => {});
      return problem;
    }
    this.#log.info(`process ${successor.pid} has taken over: this one finishes what is in flight, and ends`);
    service.leave();
    this.#sockets.abandon();
    return undefined;
  }

  /** One change after the other; what is asked for meanwhile is one reload more. */
  #change(work: Promise<void>): void {
    this.#changing = work.finally(() => {
      this.#changing = undefined;
      if (!this.#reloadAgain) return;
      this.#reloadAgain = false;
      this.reload();
    });
  }

  async reopen(): Promise<void> {
    const { logs = [], account } = this.#settings ?? {};
    if (account !== undefined) giveLogs(logs, account);
    this.#openLog();
    for (const worker of this.#everybody()) worker.reopen();
  }

  /** @param graceMs for what is in flight; undefined: the configured time; Infinity: as long as it takes */
  async stop(graceMs = this.#settings?.shutdownTimeout ?? 0, idleMs = STOP_IDLE_MS): Promise<void> {
    this.#stopping = true;
    this.#standby.end();
    clearInterval(this.#look);
    clearInterval(this.#watchdog);
    this.#options.service.stopping();
    this.#successor?.kill();
    this.#watch?.close();
    for (const worker of this.#everybody()) worker.stop(graceMs, idleMs);
    await Promise.all(this.#everybody().map((worker) => worker.gone));
    // A start or a reload that has been given up: it may be about to write the pid file.
    await this.#changing;
    await this.#pidFile.release();
    await this.#logFile?.close();
  }

  /** Another master serves: clients may be sending their next request on connections that look idle, as at a reload. */
  async leave(): Promise<void> {
    await this.stop(undefined, RELOAD_IDLE_MS);
  }

  kill(): void {
    for (const worker of this.#everybody()) worker.kill();
  }

  #everybody(): WorkerProcess[] {
    const { process: standby } = this.#standby;
    const waiting = standby === undefined ? [] : [standby];
    return [...this.#workers, ...this.#retired, ...this.#raising, ...waiting];
  }

  /** One worker first: it tells how many there are to be, and whether the configuration is any good. */
  async #raise(): Promise<Generation> {
    const begun = performance.now();
    const first = this.#fork(undefined, OF_A_CHANGE);
    const workers = new Set([first]);
    this.#raising = workers;
    try {
      const settings = await first.serving;
      // The others take it from the first: an edit meanwhile must not give two workers two configurations.
      while (workers.size < settings.workers) workers.add(this.#fork(settings.snapshot, OF_A_CHANGE));
      await Promise.all([...workers].map((worker) => worker.serving));
      this.#startMs = performance.now() - begun;
      // First: it may tell what the pid file lacks.
      if (settings.report !== '') this.#options.stderr.write(settings.report);
      await this.#pidFile.claim(settings.pidFile, settings.account, this.#options.handover?.from);
      if (this.#stopping) throw new RefusedError('the server is being stopped\n');
      return { workers, settings };
    } catch (error) {
      // One that serves already has clients, who are not to blame.
      for (const worker of workers)
        if (!worker.stopping) this.#retire(worker, this.#settings?.shutdownTimeout ?? 0);
      throw error;
    } finally {
      this.#raising = new Set();
    }
  }

  #fork(snapshot: ConfigSnapshot | undefined, role: Role): WorkerProcess {
    const { launch, inherited } = this.#options;
    const worker = new WorkerProcess(
      { launch, inherited, workingDirectory: workingDirectory(), ...role },
      snapshot,
      (heard, message) => {
        this.#hear(heard, message);
        if (role.successor) this.#reportLacks(heard, message);
      },
    );
    void worker.gone.then(() => {
      this.#metrics.lose(worker);
      this.#sockets.release(worker);
    });
    return worker;
  }

  #hear(worker: WorkerProcess, message: FromWorker): void {
    if (message.type === 'alive') this.#even(worker);
    else if (message.type === 'bind') void this.#bind(worker, message.id, message.wish);
    else if (message.type === 'sealed') {
      if (this.#sockets.seal(worker)) this.#becomes = message.account;
    } else if (message.type === 'released') this.#sockets.release(worker);
    else if (message.type === 'standing by') this.#relieve();
    else if (message.type === 'gather') {
      const known = masterFamilies({
        workers: this.#workers.size,
        restarts: this.#restarts,
        generation: this.#generation,
      });
      this.#metrics.begin(worker, message, [...this.#workers, ...this.#retired], known);
    } else if (message.type === 'counted') this.#metrics.take(worker, message.round, message.families);
  }

  /** Once a generation: every successor would say it again. */
  #reportLacks(worker: WorkerProcess, message: FromWorker): void {
    if (message.type !== 'standing by' && message.type !== 'serving') return;
    const lacks = message.warnings.filter((warning) => this.#lacks.take(warning));
    if (lacks.length === 0) return;
    this.#log.error(
      `worker ${worker.pid} was started without what was there when the configuration was loaded:\n${lacks.join('\n\n')}`,
    );
  }

  async #bind(worker: WorkerProcess, id: number, wish: SocketWish): Promise<void> {
    try {
      worker.tell({ type: 'bound', id }, await this.#sockets.take(worker, wish));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const code = errorCode(error);
      worker.tell({ type: 'bound', id, problem: { code, message } });
    }
  }

  #adopt({ workers, settings }: Generation): void {
    this.#generation += 1;
    this.#workers = workers;
    this.#settings = settings;
    this.#lacks.forget();
    for (const warning of settings.warnings) this.#lacks.take(warning);
    this.#snapshot = settings.snapshot;
    this.#backoff.forget();
    this.#openLog();
    this.#watch?.end(settings.watched, true);
    if (settings.snapshot === undefined) {
      this.#log.warn(
        'the configuration is too large to be kept: a worker that is replaced reads the files anew',
      );
    }
    for (const worker of workers) this.#supervise(worker);
    this.#standby.process?.kill();
    this.#standby.arrange();
  }

  #openLog(): void {
    const errorLog = this.#settings?.errorLog;
    const before = this.#logFile;
    this.#logFile =
      errorLog?.path === undefined ? undefined : fileTarget(errorLog.path, this.#settings?.account);
    this.#log = createLog(errorLog?.level ?? 'info', this.#logFile ?? this.#options.stderr);
    void before?.close();
  }

  async #replaceAll(): Promise<void> {
    const { service } = this.#options;
    service.reloading();
    if (await this.#isReplaced()) return;
    await this.#watch?.begin();
    try {
      const generation = await this.#raise();
      const { workers } = generation;
      const old = this.#workers;
      const previous = this.#settings;
      this.#adopt(generation);
      for (const worker of old) this.#retire(worker, previous?.shutdownTimeout ?? 0);
      this.#log.info(`reloaded: generation ${this.#generation}, ${workers.size} worker(s)`);
      service.ready(this.#status());
    } catch (error) {
      if (this.#stopping) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.error(`not reloaded, the server goes on as it was:\n${reason.trimEnd()}`);
      // What is mended next may lie in a file that the configuration that is served does not know.
      this.#watch?.end(error instanceof RefusedError ? error.watched : undefined, false);
      service.ready(`not reloaded, the log tells why; ${this.#status()}`);
    }
  }

  /** New workers would be of another version than this master, which cannot know what they need. */
  async #isReplaced(): Promise<boolean> {
    const { version, service } = this.#options;
    const installed = await version.installed();
    if (installed === version.running || installed === UNKNOWN_VERSION) return false;
    this.#log.error(
      `not reloaded, the server goes on as it was: webserv ${version.running} runs, and ${installed} is installed by now; ` +
        'to change to it without refusing a connection: webserv -s upgrade (or SIGUSR2); or restart the server',
    );
    service.ready(`not reloaded, version ${installed} is installed; ${this.#status()}`);
    return true;
  }

  #status(): string {
    const { addresses = [], workers = 0 } = this.#settings ?? {};
    return `serving ${addresses.map(formatAddress).join(', ')}; workers: ${workers}; generation ${this.#generation}`;
  }

  /** Somebody serves. That all of them hang or die is what starting the whole service anew may mend. */
  #isHealthy(): boolean {
    return [...this.#workers].some((worker) => worker.healthy);
  }

  #retire(worker: WorkerProcess, graceMs: number): void {
    this.#retired.add(worker);
    void worker.gone.then(() => this.#retired.delete(worker));
    worker.stop(graceMs, RELOAD_IDLE_MS);
  }

  /** A worker that ends without being asked is replaced; one that did not serve long, after a while. */
  #supervise(worker: WorkerProcess): void {
    void worker.gone.then((how) => {
      if (!this.#workers.delete(worker) || this.#stopping || worker.stopping) return;
      this.#restarts += 1;
      const { servedMs } = worker;
      const delayMs = this.#backoff.add(servedMs);
      const loop = this.#backoff.loop();
      if (loop !== undefined) {
        this.#log.error(loop);
        this.#options.service.status(loop);
      }
      if (loop !== undefined || !this.#backoff.quiet) {
        const lived = servedMs === 0 ? 'before it served' : `after ${(servedMs / 1000).toFixed(1)} s`;
        const name = worker.pid === undefined ? 'a worker' : `worker ${worker.pid}`;
        this.#log.error(`${name} ended ${lived} (${how}); another one starts in ${delayMs} ms`);
      }
      setTimeout(() => this.#replace(), delayMs);
    });
  }

  #replace(): void {
    if (this.#stopping || this.#workers.size >= (this.#settings?.workers ?? 0)) return;
    const worker = this.#standby.take() ?? this.#fork(this.#snapshot, { standby: false, successor: true });
    this.#workers.add(worker);
    this.#supervise(worker);
    const doubt = setTimeout(() => this.#doubt(worker), worker.promptMs(this.#startMs));
    void Promise.race([worker.serving, worker.gone])
      .catch(() => {})
      .then(() => clearTimeout(doubt));
    worker.serving.then(
      () => {
        // Only now: two that start at once would start more slowly.
        this.#standby.arrange();
        this.#log.info(`worker ${worker.pid} serves in its place`);
        this.#options.service.status(this.#status());
      },
      (error: unknown) => {
        this.#standby.arrange();
        if (error instanceof RefusedError && !this.#backoff.quiet)
          this.#log.error(`a worker cannot serve:\n${error.message.trimEnd()}`);
      },
    );
  }

  /** It should serve by now, and may be stopped or hang: another one is started, which takes the place if it is sooner. */
  #doubt(worker: WorkerProcess): void {
    this.#doubted.add(worker);
    void worker.gone.then(() => this.#doubted.delete(worker));
    this.#standby.arrange();
    if (this.#standby.process?.standsBy) this.#relieve();
  }

  /** There is one that could serve: it takes the place of one that was to, and does not. */
  #relieve(): void {
    const [worker] = [...this.#doubted].filter((each) => this.#workers.has(each) && each.servedMs === 0);
    if (worker === undefined) return;
    this.#log.error(`worker ${worker.pid} was to serve and does not: it is killed`);
    this.#doubted.delete(worker);
    this.#workers.delete(worker);
    worker.kill();
    this.#replace();
  }

  /** At the moment its own count is fresh: what it let go of since the last one is not asked for again. */
  #even(worker: WorkerProcess): void {
    if (!this.#workers.has(worker)) return;
    const serving = [...this.#workers].filter(({ healthy }) => healthy);
    const excess = excessOf(
      worker.connections,
      serving.map(({ connections }) => connections),
    );
    if (excess > 0) worker.shed(excess);
  }

  #lookAfter(): void {
    for (const worker of this.#everybody()) {
      if (!worker.hangs || worker.killed) continue;
      const name = worker === this.#standby.process ? 'standby process' : 'worker';
      this.#log.error(`${name} ${worker.pid} hangs: it is killed`);
      worker.kill();
    }
  }
}
