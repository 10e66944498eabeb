import cluster, { type Worker } from 'node:cluster';
import { existsSync } from 'node:fs';
import type { ConfigSnapshot } from '../kernel/config/files/config-files.js';
import type { Watched } from '../kernel/config/files/watched.js';
import { enterableDirectory } from '../kernel/diagnostics/working-directory.js';
import type { BoundSocket } from '../kernel/net/bound-socket.js';
import { type FromMaster, type FromWorker, isFromWorker, type Order, type Serving } from './messages.js';

/** How long a worker may take to load, set up its plugins and listen. */
const START_TIMEOUT_MS = 30_000;
/** A worker that has not said for this long that its event loop turns is hung. */
const HEARTBEAT_TIMEOUT_MS = 15_000;
/** One that stands by serves within milliseconds; one that is being started, mostly within this, or twice what others took. */
const PROMPT_MS = 250;
const PROMPT_START_MS = 2000;
/** One that stands by says every second that its event loop turns: after two that did not come it is doubted at once. */
const DOUBTED_AFTER_MS = 2500;
/** Beyond its grace a worker is killed: a plugin may hold its exit up. */
const EXIT_MARGIN_MS = 2000;

/** Why a worker does not serve, for people. */
export class RefusedError extends Error {
  /** What has to change for another outcome; undefined when that is not known. */
  readonly watched: Watched | undefined;

  constructor(report: string, watched?: Watched) {
    super(report);
    this.name = 'RefusedError';
    this.watched = watched;
  }
}

/** One worker process as the master sees it. */
export class WorkerProcess {
  /** Settles when it serves; rejects with RefusedError when it will not. */
  readonly serving: Promise<Serving>;
  /** Settles when the process is gone, with how it ended: `SIGKILL`, `exit 1`; or why there never was one. */
  readonly gone: Promise<string>;
  readonly #worker: Worker | undefined;
  #heardAt = performance.now();
  #servesSince: number | undefined;
  #connections = 0;
  #stopping = false;
  #killed = false;
  /** It has set everything up and waits for `serve`. */
  #standsBy = false;
  #wanted = false;

  /**
   * @param snapshot what the configuration's files were; undefined: it reads them
   * @param heard what it says besides that it serves
   */
  constructor(
    order: Omit<Order, 'fromSnapshot'>,
    snapshot: ConfigSnapshot | undefined,
    heard: (worker: WorkerProcess, message: FromWorker) => void,
  ) {
    const whole: Order = { ...order, fromSnapshot: snapshot !== undefined };
    // Shown by ps until it has a title of its own.
    cluster.setupPrimary({ args: [order.standby ? 'standby' : 'worker'], cwd: enterableDirectory() ?? '/' });
    const worker = fork(whole);
    this.#worker = worker instanceof Error ? undefined : worker;
    this.gone = worker instanceof Error ? Promise.resolve(worker.message) : endOf(worker);
    this.serving = new Promise((resolve, reject) => {
      const refuse = (report: string, watched?: Watched): void => {
        clearTimeout(timer);
        reject(new RefusedError(report, watched));
      };
      const timer = setTimeout(() => {
        this.kill();
        refuse(`a worker did not start to serve within ${START_TIMEOUT_MS / 1000} s\n`);
      }, START_TIMEOUT_MS);
      void this.gone.then((how) => refuse(`a worker ended before it served (${how})\n`));
      this.#worker?.on('message', (message: unknown) => {
        this.#heardAt = performance.now();
        if (!isFromWorker(message)) return;
        if (message.type === 'ready' && snapshot !== undefined) this.tell({ type: 'snapshot', snapshot });
        if (message.type === 'alive') this.#connections = message.connections;
        if (message.type === 'standing by') {
          clearTimeout(timer);
          this.#standsBy = true;
          if (this.#wanted) this.tell({ type: 'serve' });
        }
        heard(this, message);
        if (message.type === 'refused') refuse(message.report, message.watched);
        if (message.type !== 'serving') return;
        clearTimeout(timer);
        this.#servesSince = performance.now();
        resolve(message);
      });
    });
    // Whoever waits for it handles it; a worker that is replaced has nobody waiting any more.
    this.serving.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#worker?.process.pid;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Its client connections when it was last heard of. */
  get connections(): number {
    return this.#connections;
  }

  /** For how long it has served, in milliseconds; 0 when it does not yet. */
  get servedMs(): number {
    return this.#servesSince === undefined ? 0 : performance.now() - this.#servesSince;
  }

  /** It is set up, and waits for its place. */
  get standsBy(): boolean {
    return this.#standsBy && !this.#wanted;
  }

  /**
   * How long to wait for it to serve, now that it has a place, until another one is started too. Milliseconds.
   * @param startMs what a start has taken lately
   */
  promptMs(startMs: number): number {
    if (!this.#standsBy) return Math.max(PROMPT_START_MS, 2 * startMs);
    return this.#silentFor > DOUBTED_AFTER_MS ? 0 : PROMPT_MS;
  }

  /** It serves, or stands by, but its event loop has not turned for too long. */
  get hangs(): boolean {
    const isSetUp = this.#standsBy || this.#servesSince !== undefined;
    return isSetUp && !this.#stopping && this.#silentFor > HEARTBEAT_TIMEOUT_MS;
  }

  /** It serves, and its event loop turns. */
  get healthy(): boolean {
    return this.#servesSince !== undefined && !this.#stopping && this.#silentFor <= HEARTBEAT_TIMEOUT_MS;
  }

  get #silentFor(): number {
    return performance.now() - this.#heardAt;
  }

  /**
   * One that does not serve yet is killed: it has nothing to finish, and may not listen to messages yet.
   * @param graceMs for what is in flight; Infinity for as long as it takes
   * @param idleMs for how long nothing has to come on a connection before it is closed as idle
   */
  stop(graceMs: number, idleMs: number): void {
    this.#stopping = true;
    if (this.#servesSince === undefined) {
      this.kill();
      return;
    }
    const bounded = graceMs !== Number.POSITIVE_INFINITY;
    this.tell({ type: 'stop', graceMs: bounded ? graceMs : null, idleMs });
    if (bounded) setTimeout(() => this.kill(), graceMs + EXIT_MARGIN_MS).unref();
  }

  /** To one that stands by, or is about to: it takes another's place. */
  serve(): void {
    this.#wanted = true;
    if (this.#standsBy) this.tell({ type: 'serve' });
  }

  /** @param connections how many it is to let go of */
  shed(connections: number): void {
    this.tell({ type: 'shed', connections });
  }

  reopen(): void {
    this.tell({ type: 'reopen' });
  }

  get killed(): boolean {
    return this.#killed;
  }

  kill(): void {
    this.#killed = true;
    this.#worker?.process.kill('SIGKILL');
  }

  /** To one that ends meanwhile it gets lost: its end is what is dealt with. */
  tell(message: FromMaster, socket?: BoundSocket): void {
    if (!this.#worker?.isConnected()) return;
    if (socket === undefined) this.#worker.send(message, () => {});
    // Node sends sockets that are only bound as well; its types know those of servers.
    else Reflect.apply(this.#worker.send, this.#worker, [message, socket, () => {}]);
  }
}

/** The system may have no room for another process, or this one none for another descriptor: some failures are thrown. */
function fork(order: Order): Worker | Error {
  const { exec } = cluster.settings;
  // Node would print a stack for it.
  if (exec !== undefined && !existsSync(exec))
    return new Error(`${exec} is missing: the program is not whole; install it again`);
  try {
    return cluster.fork({ WEBSERV_ORDER: JSON.stringify(order) });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function endOf(worker: Worker): Promise<string> {
  return new Promise((resolve) => {
    worker.once('exit', (code: number, signal: string | null) => resolve(signal ?? `exit ${code}`));
    // And some come as an event, which would end the master if nobody took it. Of a process that is there, it tells of a
    // message or a signal that came too late.
    worker.on('error', (error: Error) => {
      if (worker.process.pid === undefined) resolve(error.message);
    });
  });
}
