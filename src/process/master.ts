import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { ConfigSnapshot } from '../kernel/config/files/config-files.js';
import { errorCode } from '../kernel/diagnostics/error-code.js';
import { errorMessage } from '../kernel/diagnostics/error-text.js';
import { workingDirectory } from '../kernel/diagnostics/working-directory.js';
import { createLog, fileTarget, type LogTarget } from '../kernel/log/error-log.js';
import type { Log } from '../kernel/log/log.js';
import { ReportOnce } from '../kernel/log/report-once.js';
import { formatAddress } from '../kernel/net/address.js';
import type { Account } from '../kernel/rights/account.js';
import { KeyPairError } from '../kernel/tls/key-pair.js';
import { excessOf } from './balance.js';
import type { Handover } from './handover.js';
import { MASTER_TITLE } from './identity.js';
import type { InheritedSocket } from './inherited-socket.js';
import { Keys } from './keys.js';
import { recreateLogs } from './log-owner.js';
import { masterFamilies } from './master-metrics.js';
import type { FromWorker, Given, Launch, Order, Serving } from './messages.js';
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
  /** Module that a worker process runs. */
  readonly workerModule: URL;
  readonly launch: Launch;
  /** Listening sockets this process was started with, in descriptors after stdin, stdout and stderr. */
  readonly inherited: readonly InheritedSocket[];
  readonly service: ServiceManager;
  /** State from the master that this one replaces; undefined for a normal start. */
  readonly handover: Handover | undefined;
  /** The program as it was started, with its arguments. */
  readonly command: readonly string[];
  /** Version of the running program, and of the one that is installed now. */
  readonly version: { readonly running: string; readonly installed: () => Promise<string> };
  /** Reload when a file of the configuration changes. */
  readonly watch: boolean;
  /** Called once, when the whole first generation of workers serves. */
  readonly announce: (serving: Serving) => void;
  /** Receives start errors and warnings, and the log when no error_log is configured. */
  readonly stderr: LogTarget;
  /** Time without a heartbeat after which a worker is hung, in milliseconds; default: 15 seconds. */
  readonly hangTimeoutMs?: number;
}

/**
 * How long a connection must be idle before it is closed: a client may just be sending its next request on it. A reload
 * waits longer than a stop, since the server continues to run.
 */
const RELOAD_IDLE_MS = 3000;
const STOP_IDLE_MS = 200;
/** Interval of the checks for hung workers. */
const HANG_CHECK_MS = 1000;

/** Version when package.json cannot be read. */
const UNKNOWN_VERSION = 'unknown';

type Role = Pick<Order, 'standby' | 'successor'>;
const FOR_NEW_GENERATION: Role = { standby: false, successor: false };

/** Workers that all serve the same configuration, and the settings that the first of them reported. */
interface Generation {
  readonly workers: Set<WorkerProcess>;
  readonly settings: Serving;
}

/**
 * Supervises the workers: starts, replaces, reloads and stops them. The master does not load configurations or plugins
 * and does not serve requests, so nothing in those can stop it.
 */
export class Master {
  readonly #options: MasterOptions;
  #log: Log;
  /** The log's file; undefined when the log goes to stderr. */
  #logFile: LogTarget | undefined;
  /** Workers of the current generation. Retired workers only finish their open requests. */
  #workers = new Set<WorkerProcess>();
  readonly #retired = new Set<WorkerProcess>();
  /** Workers of a generation that is being started. */
  #starting = new Set<WorkerProcess>();
  readonly #standby = new Standby(() =>
    this.#fork(given(this.#snapshot), { standby: true, successor: true }),
  );
  #settings: Serving | undefined;
  /**
   * Texts of the configuration in use. A replacement worker reads these, so that it does not depend on the files on
   * disk.
   */
  #snapshot: ConfigSnapshot | undefined;
  /** Reports once each warning of the configuration in use, including those from replacement workers. */
  readonly #missing = new ReportOnce({ max: Number.POSITIVE_INFINITY }); // the configuration bounds them
  /** Duration of the last start or reload until all workers served, in milliseconds. */
  #startMs = 0;
  #generation = 0;
  #restarts = 0;
  readonly #metrics = new MetricsAggregator<WorkerProcess>();
  readonly #sockets = new Sockets<WorkerProcess>();
  readonly #keys = new Keys<WorkerProcess>({
    log: () => this.#log,
    holders: () => this.#allWorkers(),
  });
  /** Account that the workers switch to; undefined when they keep the master's. */
  #workerAccount: Account | undefined;
  /** The start, reload or upgrade in progress. */
  #changing: Promise<void> | undefined;
  #reloadAgain = false;
  /** Workers that should serve and did not in time. */
  readonly #doubted = new Set<WorkerProcess>();
  readonly #backoff = new RestartBackoff();
  readonly #pidFile = new PidFile();
  #stopping = false;
  #hangCheck: NodeJS.Timeout | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  readonly #watch: Watch | undefined;
  /** The master that is to replace this one, during an upgrade. */
  #successor: Successor | undefined;
  /** Report of a failed start, for people. */
  refusal = '';

  constructor(options: MasterOptions) {
    this.#options = options;
    this.#log = createLog('info', options.stderr);
    if (options.watch) {
      const warn = (text: string): void => this.#log.warn(text);
      this.#watch = new Watch({ changed: () => this.reload(), warn });
    }
    // Each worker accepts connections itself: a master that hands them out would have work for every connection.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    limitSharedHandles(() => this.#workerAccount !== undefined && this.#workerAccount.uid !== 0);
    // Inherited sockets keep their descriptors in workers. The master keeps its own copies open, so they outlive every
    // worker.
    const sockets = options.inherited.map(({ descriptor }) => descriptor);
    cluster.setupPrimary({
      exec: fileURLToPath(options.workerModule),
      args: [],
      stdio: ['inherit', 'inherit', 'inherit', ...sockets, 'ipc'],
    });
  }

  /**
   * @returns false when the configuration or an address cannot be used, after the reason was reported. True also when
   * the server was asked to stop meanwhile
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
      const generation = await this.#startGeneration();
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
    this.#hangCheck = setInterval(() => this.#killHung(), HANG_CHECK_MS);
    const { service } = this.#options;
    service.ready(this.#status());
    if (service.watchdogMs !== undefined) {
      this.#watchdog = setInterval(() => this.#isHealthy() && service.alive(), service.watchdogMs);
    }
    return true;
  }

  /**
   * Starts a new generation of workers; once all of it serves, the old one finishes. An invalid configuration changes
   * nothing.
   */
  reload(): void {
    if (this.#stopping) return;
    if (this.#changing !== undefined) this.#reloadAgain = true;
    else this.#change(this.#replaceAll());
  }

  /**
   * Starts the program that is installed now, which takes over with the listening sockets, so that no connection is
   * refused.
   * @returns true when the new program serves: the caller should stop this master. False: this one continues, and the
   * log has the reason
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
    // When process 1 ends, its container ends.
    const problem =
      process.pid === 1
        ? 'the server is process 1 of a container; replace the container'
        : await this.#startSuccessor();
    if (problem === undefined) return true;
    if (this.#stopping) return false;
    this.#log.error(`not upgraded; the server keeps running unchanged: ${problem.trimEnd()}`);
    service.ready(`not upgraded, see the error log; ${this.#status()}`);
    return false;
  }

  /** @returns the reason of a failure; undefined when the new master serves */
  async #startSuccessor(): Promise<string | undefined> {
    const { service, inherited, command } = this.#options;
    service.reloading();
    const bound = await this.#sockets.bound();
    const successor = new Successor({ command, inherited, bound, environment: service.forSuccessor });
    this.#successor = successor;
    const problem = await successor.outcome;
    this.#successor = undefined;
    if (problem !== undefined) {
      // The new master may have written the pid file already.
      const { pidFile, account } = this.#settings ?? {};
      await this.#pidFile.claim(pidFile, account).catch(() => {});
      return problem;
    }
    this.#log.info(`process ${successor.pid} has taken over; this one finishes open requests and exits`);
    service.leave();
    this.#sockets.abandon();
    return undefined;
  }

  /** Runs one change at a time. Any reloads requested meanwhile become a single one afterwards. */
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
    if (account !== undefined) recreateLogs(logs, account);
    this.#openLog();
    for (const worker of this.#allWorkers()) worker.reopen();
  }

  /** @param graceMs time for open requests; undefined: the configured shutdown timeout; Infinity: no limit */
  async stop(graceMs = this.#settings?.shutdownTimeout ?? 0, idleMs = STOP_IDLE_MS): Promise<void> {
    this.#stopping = true;
    this.#standby.end();
    clearInterval(this.#hangCheck);
    clearInterval(this.#watchdog);
    this.#options.service.stopping();
    this.#successor?.kill();
    this.#watch?.close();
    this.#keys.close();
    for (const worker of this.#allWorkers()) worker.stop(graceMs, idleMs);
    await Promise.all(this.#allWorkers().map((worker) => worker.gone));
    // A start or reload that was given up may be about to write the pid file.
    await this.#changing;
    await this.#pidFile.release();
    await this.#logFile?.close();
  }

  /**
   * Stops because another master serves. As at a reload, clients may be sending their next request on idle connections.
   */
  async leave(): Promise<void> {
    await this.stop(undefined, RELOAD_IDLE_MS);
  }

  kill(): void {
    for (const worker of this.#allWorkers()) worker.kill();
  }

  #allWorkers(): WorkerProcess[] {
    const { process: standby } = this.#standby;
    const waiting = standby === undefined ? [] : [standby];
    return [...this.#workers, ...this.#retired, ...this.#starting, ...waiting];
  }

  /** Starts one worker first: it reports how many workers are configured, and whether the configuration is valid. */
  async #startGeneration(): Promise<Generation> {
    const begun = performance.now();
    const { compiled = [] } = this.#snapshot ?? {};
    const first = this.#fork(compiled.length > 0 ? { compiled } : undefined, FOR_NEW_GENERATION);
    const workers = new Set([first]);
    this.#starting = workers;
    try {
      const settings = await first.serving;
      // The others get the configuration from the first: with an edit meanwhile, two workers would serve two
      // configurations.
      while (workers.size < settings.workers)
        workers.add(this.#fork(given(settings.snapshot), FOR_NEW_GENERATION));
      await Promise.all([...workers].map((worker) => worker.serving));
      this.#startMs = performance.now() - begun;
      // Before the pid file is claimed: the report may explain why that fails.
      if (settings.report !== '') this.#options.stderr.write(settings.report);
      await this.#pidFile.claim(settings.pidFile, settings.account, this.#options.handover?.from);
      if (this.#stopping) throw new RefusedError('the server is being stopped\n');
      return { workers, settings };
    } catch (error) {
      // A worker that serves already has clients, which must not suffer from this failure.
      for (const worker of workers)
        if (!worker.stopping) this.#retire(worker, this.#settings?.shutdownTimeout ?? 0);
      throw error;
    } finally {
      this.#starting = new Set();
    }
  }

  #fork(given: Given | undefined, role: Role): WorkerProcess {
    const { launch, inherited, hangTimeoutMs } = this.#options;
    const worker = new WorkerProcess(
      { launch, inherited, workingDirectory: workingDirectory(), ...role },
      given,
      (sender, message) => {
        // The first worker of a generation reads everything again; the others get what it read.
        const isFirst = !role.successor && given?.snapshot === undefined;
        this.#handle(sender, message, isFirst);
        if (role.successor) this.#reportMissing(sender, message);
      },
      hangTimeoutMs,
    );
    void worker.gone.then(() => {
      this.#metrics.lose(worker);
      this.#sockets.release(worker);
      this.#keys.release(worker);
    });
    return worker;
  }

  #handle(worker: WorkerProcess, message: FromWorker, isFirst: boolean): void {
    if (message.type === 'alive') this.#balance(worker);
    else if (message.type === 'bind') void this.#bind(worker, message.id, message.wish);
    else if (message.type === 'key-pair') void this.#keyPair(worker, message, isFirst);
    else if (message.type === 'ticket-secret') worker.rotated(this.#keys.secret);
    else if (message.type === 'sealed') {
      this.#keys.seal(worker);
      if (this.#sockets.seal(worker)) this.#workerAccount = message.account;
    } else if (message.type === 'released') this.#sockets.release(worker);
    else if (message.type === 'standing by') this.#replaceDoubted();
    else if (message.type === 'gather') {
      const known = masterFamilies({
        workers: this.#workers.size,
        restarts: this.#restarts,
        generation: this.#generation,
      });
      this.#metrics.begin(worker, message, [...this.#workers, ...this.#retired], known);
    } else if (message.type === 'counted') this.#metrics.take(worker, message.round, message.families);
  }

  /** Reports each missing resource once a generation: every replacement worker would report it again. */
  #reportMissing(worker: WorkerProcess, message: FromWorker): void {
    if (message.type !== 'standing by' && message.type !== 'serving') return;
    const missing = message.warnings.filter((warning) => this.#missing.take(warning));
    if (missing.length === 0) return;
    this.#log.error(
      `worker ${worker.pid} started without something that existed when the configuration was loaded:\n` +
        missing.join('\n\n'),
    );
  }

  async #bind(worker: WorkerProcess, id: number, wish: SocketWish): Promise<void> {
    try {
      worker.tell({ type: 'bound', id }, await this.#sockets.take(worker, wish));
    } catch (error) {
      const message = errorMessage(error);
      const code = errorCode(error);
      worker.tell({ type: 'bound', id, problem: { code, message } });
    }
  }

  /** @param isFirst it is the first worker of a new generation */
  async #keyPair(
    worker: WorkerProcess,
    { id, origin, account }: Extract<FromWorker, { type: 'key-pair' }>,
    isFirst: boolean,
  ): Promise<void> {
    try {
      worker.tell({
        type: 'key-pair',
        id,
        pair: await this.#keys.take(worker, origin, { account, rereads: isFirst }),
      });
    } catch (error) {
      const problem =
        error instanceof KeyPairError
          ? error.problem
          : { part: 'certificate' as const, message: errorMessage(error) };
      worker.tell({ type: 'no-key-pair', id, problem });
    }
  }

  #adopt({ workers, settings }: Generation): void {
    this.#generation += 1;
    this.#workers = workers;
    this.#settings = settings;
    this.#missing.forget();
    for (const warning of settings.warnings) this.#missing.take(warning);
    this.#snapshot = settings.snapshot;
    this.#backoff.forget();
    this.#openLog();
    this.#watch?.end(settings.watched, true);
    if (settings.snapshot === undefined) {
      this.#log.warn(
        'the configuration is too large to keep in memory: a replacement worker reads the files again',
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
    if (await this.#otherVersionInstalled()) return;
    await this.#watch?.begin();
    try {
      const generation = await this.#startGeneration();
      const { workers } = generation;
      const old = this.#workers;
      const previous = this.#settings;
      this.#adopt(generation);
      for (const worker of old) this.#retire(worker, previous?.shutdownTimeout ?? 0);
      this.#log.info(`reloaded: generation ${this.#generation}, ${workers.size} worker(s)`);
      service.ready(this.#status());
    } catch (error) {
      if (this.#stopping) return;
      const reason = errorMessage(error);
      this.#log.error(`not reloaded; the server keeps its previous configuration:\n${reason.trimEnd()}`);
      // The next correction may be in a file that the configuration in use does not have.
      this.#watch?.end(error instanceof RefusedError ? error.watched : undefined, false);
      service.ready(`not reloaded, see the error log; ${this.#status()}`);
    }
  }

  /**
   * Rejects a reload when another version is installed: new workers would run that version, and this master may not fit
   * them.
   */
  async #otherVersionInstalled(): Promise<boolean> {
    const { version, service } = this.#options;
    const installed = await version.installed();
    if (installed === version.running || installed === UNKNOWN_VERSION) return false;
    this.#log.error(
      `not reloaded; the server keeps its previous configuration: webserv ${version.running} is running, ` +
        `but ${installed} is installed; ` +
        'to upgrade without refusing connections: webserv -s upgrade (or SIGUSR2); or restart the server',
    );
    service.ready(`not reloaded, version ${installed} is installed; ${this.#status()}`);
    return true;
  }

  #status(): string {
    const { addresses = [], workers = 0 } = this.#settings ?? {};
    return `serving ${addresses.map(formatAddress).join(', ')}; workers: ${workers}; generation ${this.#generation}`;
  }

  /** Whether any worker serves. When all of them hang or die, a restart of the whole service may help. */
  #isHealthy(): boolean {
    return [...this.#workers].some((worker) => worker.healthy);
  }

  #retire(worker: WorkerProcess, graceMs: number): void {
    this.#retired.add(worker);
    void worker.gone.then(() => this.#retired.delete(worker));
    worker.stop(graceMs, RELOAD_IDLE_MS);
  }

  /**
   * Replaces a worker that ends without being asked to. The replacement is delayed if the worker did not serve long.
   */
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
        this.#log.error(`${name} ended ${lived} (${how}); its replacement starts in ${delayMs} ms`);
      }
      setTimeout(() => this.#replace(), delayMs);
    });
  }

  #replace(): void {
    if (this.#stopping || this.#workers.size >= (this.#settings?.workers ?? 0)) return;
    const worker =
      this.#standby.take() ?? this.#fork(given(this.#snapshot), { standby: false, successor: true });
    this.#workers.add(worker);
    this.#supervise(worker);
    const doubt = setTimeout(() => this.#doubt(worker), worker.promptMs(this.#startMs));
    void Promise.race([worker.serving, worker.gone])
      .catch(() => {})
      .then(() => clearTimeout(doubt));
    worker.serving.then(
      () => {
        // Not earlier: two processes that start at the same time start more slowly.
        this.#standby.arrange();
        this.#log.info(`worker ${worker.pid} serves as its replacement`);
        this.#options.service.status(this.#status());
      },
      (error: unknown) => {
        this.#standby.arrange();
        if (error instanceof RefusedError && !this.#backoff.quiet)
          this.#log.error(`a worker cannot serve:\n${error.message.trimEnd()}`);
      },
    );
  }

  /**
   * Called when a worker that should serve does not, and may be stopped or hang. Starts another, which replaces it if
   * it is ready first.
   */
  #doubt(worker: WorkerProcess): void {
    this.#doubted.add(worker);
    void worker.gone.then(() => this.#doubted.delete(worker));
    this.#standby.arrange();
    if (this.#standby.process?.standsBy) this.#replaceDoubted();
  }

  /** Called when a standby worker is ready: it replaces a worker that should serve and does not. */
  #replaceDoubted(): void {
    const [worker] = [...this.#doubted].filter((each) => this.#workers.has(each) && each.servedMs === 0);
    if (worker === undefined) return;
    this.#log.error(`worker ${worker.pid} should serve and does not: killing it`);
    this.#doubted.delete(worker);
    this.#workers.delete(worker);
    worker.kill();
    this.#replace();
  }

  /**
   * Called with each heartbeat, when this worker's count is fresh: connections it has just closed are not counted
   * again.
   */
  #balance(worker: WorkerProcess): void {
    if (!this.#workers.has(worker)) return;
    const serving = [...this.#workers].filter(({ healthy }) => healthy);
    const excess = excessOf(
      worker.connections,
      serving.map(({ connections }) => connections),
    );
    if (excess > 0) worker.shed(excess);
  }

  #killHung(): void {
    for (const worker of this.#allWorkers()) {
      if (!worker.hangs || worker.killed) continue;
      const name = worker === this.#standby.process ? 'standby process' : 'worker';
      this.#log.error(`${name} ${worker.pid} hangs: killing it`);
      worker.kill();
    }
  }
}

function given(snapshot: ConfigSnapshot | undefined): Given | undefined {
  return snapshot && { snapshot };
}
