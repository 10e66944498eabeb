import { spawn } from 'node:child_process';

/** Part of systemd: it exists wherever systemd sets NOTIFY_SOCKET. */
const PROGRAM = 'systemd-notify';
/**
 * The program waits until the manager has received the message. With a manager that hangs, processes must not
 * accumulate.
 */
const NOTIFY_TIMEOUT_MS = 5000;
/** Maximum number of messages that wait for the one being sent. */
const MAX_WAITING = 16;

export interface ServiceManagerOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** Reports, once, why messages do not arrive. */
  readonly warn: (text: string) => void;
}

/**
 * Notifies systemd of the server's state (sd_notify(3)). Its socket is a UNIX datagram socket, which Node cannot send
 * to; `systemd-notify` can. Without NOTIFY_SOCKET nothing is sent.
 */
export class ServiceManager {
  /** Interval of watchdog messages, in milliseconds; undefined when the manager does not expect them. */
  readonly watchdogMs: number | undefined;
  readonly #socket: string | undefined;
  readonly #path: string | undefined;
  readonly #warn: (text: string) => void;
  #sending: Promise<void> | undefined;
  readonly #waiting: (readonly string[])[] = [];
  #broken = false;
  /** Set when another process notifies the manager. */
  #silent = false;
  readonly #watchdogUsec: string | undefined;

  /** Removes its variables from the environment: they are for this process, not for workers and scripts. */
  constructor({ environment, warn }: ServiceManagerOptions) {
    const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: pid, PATH: path } = environment;
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name];
    this.#socket = socket;
    this.#path = path;
    this.#watchdogUsec = usec;
    this.#warn = warn;
    const isMeant = pid === undefined || pid === String(process.pid);
    const isTime = usec !== undefined && /^[1-9]\d{0,15}$/.test(usec);
    // Half of the time, as sd_watchdog_enabled(3) recommends, so that a late message does no harm.
    this.watchdogMs = socket !== undefined && isMeant && isTime ? Number(usec) / 2000 : undefined;
  }

  ready(status: string): void {
    this.#tell('READY=1', `MAINPID=${process.pid}`, statusLine(status));
  }

  /** Followed by ready(), whether or not the reload succeeded. */
  reloading(): void {
    // CLOCK_MONOTONIC, as Type=notify-reload wants it.
    const now = process.hrtime.bigint() / 1000n;
    this.#tell('RELOADING=1', `MONOTONIC_USEC=${now}`, 'STATUS=reloading');
  }

  stopping(): void {
    this.#tell('STOPPING=1', 'STATUS=finishing open requests');
  }

  status(status: string): void {
    this.#tell(statusLine(status));
  }

  alive(): void {
    // A message that is being sent proves the same.
    if (this.#sending === undefined) this.#tell('WATCHDOG=1');
  }

  /**
   * Environment that a new master needs to notify the manager. Its READY message with MAINPID makes it the main
   * process.
   */
  get forSuccessor(): NodeJS.ProcessEnv {
    if (this.#socket === undefined) return {};
    return {
      NOTIFY_SOCKET: this.#socket,
      ...(this.#watchdogUsec === undefined ? {} : { WATCHDOG_USEC: this.#watchdogUsec }),
    };
  }

  /** Called when another process notifies the manager from now on. */
  leave(): void {
    this.#silent = true;
  }

  #tell(...states: readonly string[]): void {
    if (this.#silent || this.#socket === undefined || this.#broken || this.#waiting.length >= MAX_WAITING)
      return;
    this.#waiting.push(states);
    this.#sending ??= this.#sendAll();
  }

  /** Sends one message at a time: READY must not overtake RELOADING. */
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
        // The working directory may have been removed.
        cwd: '/',
        stdio: 'ignore',
        timeout: NOTIFY_TIMEOUT_MS,
      });
      child.once('error', (error: NodeJS.ErrnoException) => {
        const isMissing = error.code === 'ENOENT';
        this.#broken = isMissing;
        this.#warn(
          isMissing
            ? `NOTIFY_SOCKET is set, but the program ${PROGRAM} was not found: the service manager is not notified`
            : `${PROGRAM} cannot be run: ${error.message}`,
        );
        resolve();
      });
      child.once('exit', () => resolve());
    });
  }
}

/** Formats the status as a single line. */
function statusLine(status: string): string {
  return `STATUS=${status.replaceAll(/\s+/g, ' ').slice(0, 500)}`;
}
