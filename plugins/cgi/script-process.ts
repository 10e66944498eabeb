import { asHttpError, errorCode, errorMessage, HttpError } from '@webserv/server';
import type { Child, Exit, Invocation, Launch } from './child/child.js';
import { logErrorLines } from './error-lines.js';
import { OutputPipe } from './output-pipe.js';

/** Milliseconds from SIGTERM to SIGKILL. */
const GRACE_MS = 2000;

/** Milliseconds from the script's end until the rest of its process group is killed. */
const LINGER_MS = 1000;

/** The system cannot start this process now, but may in a moment: too many processes, or a file still being written. */
const BUSY_CODES = new Set(['EAGAIN', 'ETXTBSY']);
const BUSY = { status: 503, headers: { 'retry-after': '5' } };

function startFailure(program: string, cause: unknown): HttpError {
  const code = errorCode(cause);
  const reason = `cannot start ${program}: ${errorMessage(cause)}`;
  // Only the request's fields and target can be long enough to exceed the system's limit.
  if (code === 'E2BIG') return new HttpError(431, { reason, cause });
  if (code === 'EACCES' || code === 'EPERM') return new HttpError(403, { reason, cause });
  const { status, headers } = BUSY_CODES.has(code) ? BUSY : asHttpError(cause);
  return new HttpError(status, { reason, cause, headers });
}

/** A running script with its process group, which is killed as a whole: no child of a script outlives it for long. */
export class ScriptProcess {
  readonly output: OutputPipe;
  /** Resolves when the system has released the process, so that it is not a zombie any more. */
  readonly exited: Promise<Exit>;
  /** Resolves when its whole group has been killed and its pipes are closed. */
  readonly gone: Promise<void>;
  readonly #group: number;
  #state: 'running' | 'ended' | 'gone' = 'running';
  #released = false;
  #stalledSince = Number.POSITIVE_INFINITY;
  #killTimer: NodeJS.Timeout | undefined;

  private constructor(child: Child) {
    this.output = new OutputPipe(child.stdout);
    this.#group = child.pid;
    this.exited = child.exited;
    this.gone = this.#end(child);
  }

  /**
   * Starts a program without a shell.
   * @param logLine gets each line of its stderr
   * @throws HttpError 431, 403, 503 or 500 when the system refuses, depending on the reason
   */
  static async start(
    launch: Launch,
    invocation: Invocation,
    logLine: (line: string) => void,
  ): Promise<ScriptProcess> {
    let child: Child;
    try {
      child = await launch(invocation);
    } catch (error) {
      throw startFailure(invocation.command[0] ?? '', error);
    }
    logErrorLines(child.stderr, logLine);
    return new ScriptProcess(child);
  }

  /** Time since which its output waits for its client, by `performance.now()`; Infinity while it does not. */
  get stalledSince(): number {
    return this.#stalledSince;
  }

  stall(isStalled: boolean): void {
    this.#stalledSince = isStalled ? performance.now() : Number.POSITIVE_INFINITY;
  }

  /** Sends SIGTERM to the whole group, and SIGKILL after a grace period. */
  terminate(): void {
    if (this.#state !== 'running') this.kill();
    if (this.#state !== 'running' || this.#killTimer !== undefined) return;
    this.#signal('SIGTERM');
    this.#killTimer = setTimeout(() => this.kill(), GRACE_MS);
  }

  /** Kills the whole group immediately. */
  kill(): void {
    this.#signal('SIGKILL');
  }

  /**
   * Called when its output is no longer needed. It may end by itself within the timeout.
   * @param drain read its output to the end, so that it does not block
   */
  release(timeoutMs: number, drain: boolean): void {
    if (this.#released) return;
    this.#released = true;
    if (this.#state === 'gone') {
      this.output.close();
      return;
    }
    const timer = setTimeout(() => this.terminate(), timeoutMs);
    this.exited.then(() => clearTimeout(timer));
    if (drain) this.#drain(timeoutMs);
  }

  /**
   * Called when its output is no longer needed but the script should continue; it is ended when it writes nothing for
   * that long.
   */
  detach(timeoutMs: number): void {
    if (this.#released) return;
    this.#released = true;
    if (this.#state === 'gone') this.output.close();
    else this.#drain(timeoutMs);
  }

  /** Called at the end of the request. Ends a script that was not released. */
  close(): void {
    if (this.#released) return;
    this.#released = true;
    this.output.close();
    this.terminate();
  }

  async #drain(timeoutMs: number): Promise<void> {
    try {
      while ((await this.output.read(timeoutMs)) !== undefined);
    } catch {
      this.terminate();
    }
  }

  async #end({ exited, closed, stderr }: Child): Promise<void> {
    await exited;
    this.#state = 'ended';
    clearTimeout(this.#killTimer);
    this.output.orphan();
    let timer: NodeJS.Timeout | undefined;
    const lingered = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LINGER_MS);
    });
    await Promise.race([closed, lingered]);
    clearTimeout(timer);
    this.#signal('SIGKILL');
    this.#state = 'gone';
    stderr.destroy();
    if (this.#released) this.output.close();
  }

  /** Signals the group. Not after its end, because its id may be reused. */
  #signal(signal: NodeJS.Signals): void {
    if (this.#state === 'gone') return;
    try {
      process.kill(-this.#group, signal);
    } catch {
      // ESRCH: no process is left. EPERM: a process that changed its user cannot be signalled.
    }
  }
}
