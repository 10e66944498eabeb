import cluster, { type Worker } from 'node:cluster';
import { existsSync } from 'node:fs';
import type { Watched } from '../kernel/config/files/watched.js';
import type { CertificateOrigin } from '../kernel/contract/tls.js';
import { enterableDirectory } from '../kernel/diagnostics/working-directory.js';
import type { BoundSocket } from '../kernel/net/bound-socket.js';
import type { KeyPair } from '../kernel/tls/key-pair.js';
import {
  type FromMaster,
  type FromWorker,
  type Given,
  isFromWorker,
  type Order,
  type Serving,
} from './messages.js';

/** Time a worker may take to load the configuration, set up its plugins and listen. */
const START_TIMEOUT_MS = 30_000;
/** A worker without a heartbeat for this long is hung. */
const HANG_TIMEOUT_MS = 15_000;
/**
 * Expected time until a standby worker serves, and until one that is still starting does (or twice what the last start
 * took).
 */
const PROMPT_MS = 250;
const PROMPT_START_MS = 2000;
/** A standby worker that has missed two heartbeats is not waited for. */
const DOUBTED_AFTER_MS = 2500;
/** After its grace period and this margin a worker is killed: a plugin may prevent its exit. */
const EXIT_MARGIN_MS = 2000;

/** Says, for people, why a worker does not serve. */
export class RefusedError extends Error {
  /** Files that must change for another outcome; undefined when they are not known. */
  readonly watched: Watched | undefined;

  constructor(report: string, watched?: Watched) {
    super(report);
    this.name = 'RefusedError';
    this.watched = watched;
  }
}

/** A worker process, from the master's side. */
export class WorkerProcess {
  /** Settles when the worker serves; rejects with RefusedError when it will not. */
  readonly serving: Promise<Serving>;
  /** Settles when the process has ended, with `SIGKILL` or `exit 1`, or with the reason why it could not be started. */
  readonly gone: Promise<string>;
  readonly #worker: Worker | undefined;
  readonly #hangTimeoutMs: number;
  #heardAt = performance.now();
  #servesSince: number | undefined;
  #connections = 0;
  #stopping = false;
  #killed = false;
  /** It has set everything up and waits for the message `serve`. */
  #standsBy = false;
  #wanted = false;

  /**
   * @param given undefined: the worker reads and compiles everything itself
   * @param heard called with each message except unknown ones
   * @param hangTimeoutMs time without a heartbeat after which the worker is hung
   */
  constructor(
    order: Omit<Order, 'awaitsGiven'>,
    given: Given | undefined,
    heard: (worker: WorkerProcess, message: FromWorker) => void,
    hangTimeoutMs = HANG_TIMEOUT_MS,
  ) {
    this.#hangTimeoutMs = hangTimeoutMs;
    const whole: Order = { ...order, awaitsGiven: given !== undefined };
    // Shown by ps until the worker sets its title.
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
        if (message.type === 'ready' && given !== undefined) this.tell({ type: 'given', given });
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
    // Callers that wait for it handle the rejection. No caller waits for a worker that was replaced meanwhile.
    this.serving.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#worker?.process.pid;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Number of client connections at the last heartbeat. */
  get connections(): number {
    return this.#connections;
  }

  /** Milliseconds since it began to serve; 0 before. */
  get servedMs(): number {
    return this.#servesSince === undefined ? 0 : performance.now() - this.#servesSince;
  }

  /** It is set up, and waits for the message `serve`. */
  get standsBy(): boolean {
    return this.#standsBy && !this.#wanted;
  }

  /**
   * How long to wait for it to serve, from now on, before another worker is started too. Milliseconds.
   * @param startMs how long the last start took
   */
  promptMs(startMs: number): number {
    if (!this.#standsBy) return Math.max(PROMPT_START_MS, 2 * startMs);
    return this.#silentFor > DOUBTED_AFTER_MS ? 0 : PROMPT_MS;
  }

  /** It serves or is on standby, but its event loop has not turned for too long. */
  get hangs(): boolean {
    const isSetUp = this.#standsBy || this.#servesSince !== undefined;
    return isSetUp && !this.#stopping && this.#silentFor > this.#hangTimeoutMs;
  }

  /** It serves, and its event loop turns. */
  get healthy(): boolean {
    return this.#servesSince !== undefined && !this.#stopping && this.#silentFor <= this.#hangTimeoutMs;
  }

  get #silentFor(): number {
    return performance.now() - this.#heardAt;
  }

  /**
   * Stops the worker. One that does not serve yet is killed: it has no open requests, and may not listen to messages
   * yet.
   * @param graceMs time for open requests; Infinity: no limit
   * @param idleMs how long a connection must be idle before it is closed
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

  /** Makes a standby worker, or one that will be, take another's place. */
  serve(): void {
    this.#wanted = true;
    if (this.#standsBy) this.tell({ type: 'serve' });
  }

  /** A certificate that it uses was renewed. */
  renewed(origin: CertificateOrigin, pair: KeyPair): void {
    this.tell({ type: 'renewed', origin, pair });
  }

  /** The secret of the session tickets was changed. */
  rotated(secret: Uint8Array): void {
    this.tell({ type: 'ticket-secret', secret: Buffer.from(secret).toString('base64') });
  }

  /** @param connections how many the worker should close */
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

  /** A message to a worker that is ending gets lost; the master handles its end. */
  tell(message: FromMaster, socket?: BoundSocket): void {
    if (!this.#worker?.isConnected()) return;
    if (socket === undefined) this.#worker.send(message, () => {});
    // Node also sends sockets that are only bound; its types only allow servers.
    else Reflect.apply(this.#worker.send, this.#worker, [message, socket, () => {}]);
  }
}

/** Some failures are thrown: the system may not allow another process, or this process another descriptor. */
function fork(order: Order): Worker | Error {
  const { exec } = cluster.settings;
  // Node would print a stack for it.
  if (exec !== undefined && !existsSync(exec))
    return new Error(`${exec} is missing: the installation is incomplete; install webserv again`);
  try {
    return cluster.fork({ WEBSERV_ORDER: JSON.stringify(order) });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function endOf(worker: Worker): Promise<string> {
  return new Promise((resolve) => {
    worker.once('exit', (code: number, signal: string | null) => resolve(signal ?? `exit ${code}`));
    // Other failures come as an event, which would end the master without a listener. For a running process, the event
    // reports a message or signal that came too late.
    worker.on('error', (error: Error) => {
      if (worker.process.pid === undefined) resolve(error.message);
    });
  });
}
