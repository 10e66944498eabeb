import { spawn } from 'node:child_process';

/** From systemd itself: wherever NOTIFY_SOCKET is set by it, it is there. */
const PROGRAM = 'systemd-notify';
/** The program waits until the message has been taken: a manager that hangs must not gather processes here. */
const PATIENCE_MS = 5000;
/** Messages that wait for the one that is being sent. */
const MAX_WAITING = 16;

export interface ServiceManagerOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** Says, once, why messages do not arrive. */
  readonly complain: (text: string) => void;
}

/**
 * Tells systemd how the server is (sd_notify(3)). The socket it listens on is a unix datagram socket, which Node cannot
 * send to; `systemd-notify` does. Without NOTIFY_SOCKET nothing is told.
 */
export class ServiceManager {
  /** How often to say that all is well, in milliseconds; undefined when nobody waits for it. */
  readonly watchdogMs: number | undefined;
  readonly #socket: string | undefined;
  readonly #path: string | undefined;
  readonly #complain: (text: string) => void;
  #sending: Promise<void> | undefined;
  readonly #waiting: (readonly string[])[] = [];
  #broken = false;
  /** Another process speaks for the service. */
  #silent = false;
  readonly #watchdogUsec: string | undefined;

  /** Takes its variables out of the environment: they are for this process, not for workers and scripts. */
  constructor({ environment, complain }: ServiceManagerOptions) {
    const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: pid, PATH: path } = environment;
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name];
    this.#socket = socket;
    this.#path = path;
    this.#watchdogUsec = usec;
    this.#complain = complain;
    const isMeant = pid === undefined || pid === String(process.pid);
    const isTime = usec !== undefined && /^[1-9]\d{0,15}$/.test(usec);
    // sd_watchdog_enabled(3): half of the time, so that one that comes late does no harm.
    this.watchdogMs = socket !== undefined && isMeant && isTime ? Number(usec) / 2000 : undefined;
  }

  ready(status: string): void {
    this.#tell('READY=1', `MAINPID=${process.pid}`, statusLine(status));
  }

  /** Followed by ready(), whether the reload came to anything or not. */
  reloading(): void {
    // CLOCK_MONOTONIC, as Type=notify-reload wants it.
    const now = process.hrtime.bigint() / 1000n;
    this.#tell('RELOADING=1', `MONOTONIC_USEC=${now}`, 'STATUS=reloading');
  }

  stopping(): void {
    this.#tell('STOPPING=1', 'STATUS=finishing what is in flight');
  }

  status(status: string): void {
    this.#tell(statusLine(status));
  }

  alive(): void {
    // One that waits says as much.
    if (this.#sending === undefined) this.#tell('WATCHDOG=1');
  }

  /** What another master needs to speak for the service, which READY with its MAINPID then says. */
  get forSuccessor(): NodeJS.ProcessEnv {
    if (this.#socket === undefined) return {};
    return {
      NOTIFY_SOCKET: this.#socket,
      ...(this.#watchdogUsec === undefined ? {} : { WATCHDOG_USEC: this.#watchdogUsec }),
    };
  }

  /** Another process speaks for the service from now on. */
  leave(): void {
    this.#silent = true;
  }

  #tell(...states: readonly string[]): void {
    if (this.#silent || this.#socket === undefined || this.#broken || this.#waiting.length >= MAX_WAITING)
      return;
    this.#waiting.push(states);
    this.#sending ??= this.#sendAll();
  }

  /** One after the other: READY must not overtake RELOADING. */
  async #sendAll(): Promise<void> {
    for (let states = this.#waiting.shift(); states !== undefined; states = this.#waiting.shift()) {
      await this.#send(states);
    }
    this.#sending = undefined;
  }

  #send(states: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      const child = spawn(PROGRAM, states, {
        env: { NOTIFY_SOCKET: this.#socket, PATH: this.#path },
        // Its own may have been removed.
        cwd: '/',
        stdio: 'ignore',
        timeout: PATIENCE_MS,
      });
      child.once('error', (error: NodeJS.ErrnoException) => {
        const isMissing = error.code === 'ENOENT';
        this.#broken = isMissing;
        this.#complain(
          isMissing
            ? `NOTIFY_SOCKET is set, but there is no program ${PROGRAM}: the service manager is told nothing`
            : `${PROGRAM} cannot be run: ${error.message}`,
        );
        resolve();
      });
      child.once('exit', () => resolve());
    });
  }
}

/** One line. */
function statusLine(status: string): string {
  return `STATUS=${status.replaceAll(/\s+/g, ' ').slice(0, 500)}`;
}
