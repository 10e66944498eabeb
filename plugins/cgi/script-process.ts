import { HttpError } from '@webserv/server';
import type { Child, Exit, Invocation, Launch } from './child/child.js';
import { logErrorLines } from './error-lines.js';
import { OutputPipe } from './output-pipe.js';

/** From SIGTERM to SIGKILL, in milliseconds. */
const GRACE_MS = 2000;

/** From the script's end to the end of whatever it left running in its process group, in milliseconds. */
const LINGER_MS = 1000;

/** What the system says when it cannot start one more process now, and may in a moment. */
const BUSY_CODES = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'ETXTBSY']);

function startFailure(program: string, cause: unknown): HttpError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason = `cannot start ${program}: ${cause instanceof Error ? cause.message : String(cause)}`;
  // Of all that counts towards the system's limit, only the request's fields and target can be that long.
  if (code === 'E2BIG') return new HttpError(431, { reason, cause });
  if (code === 'EACCES' || code === 'EPERM') return new HttpError(403, { reason, cause });
  if (BUSY_CODES.has(code)) return new HttpError(503, { reason, cause, headers: { 'retry-after': '5' } });
  return new HttpError(500, { reason, cause });
}

/** A running script with its process group, which is killed as a whole: no child of a script outlives it for long. */
export class ScriptProcess {
  readonly output: OutputPipe;
  /** Settles when the system has given back the process: it is no zombie any more. */
  readonly exited: Promise<Exit>;
  /** Settles when its whole group has been killed and its pipes are let go. */
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
   * Starts a program, not by a shell.
   * @param logLine gets its standard error
   * @throws HttpError 431, 403, 503 or 500 when the system refuses, by its reason
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

  /** Since when its output waits for its client; Infinity while it does not. By `performance.now()`. */
  get stalledSince(): number {
    return this.#stalledSince;
  }

  stall(isStalled: boolean): void {
    this.#stalledSince = isStalled ? performance.now() : Number.POSITIVE_INFINITY;
  }

  /** Asks the whole group to end, and makes it after a grace. */
  terminate(): void {
    if (this.#state !== 'running') this.kill();
    if (this.#state !== 'running' || this.#killTimer !== undefined) return;
    this.#signal('SIGTERM');
    this.#killTimer = setTimeout(() => this.kill(), GRACE_MS);
  }

  /** Ends the whole group at once. */
  kill(): void {
    this.#signal('SIGKILL');
  }

  /**
   * Nobody reads its output any more. It may come to its end on its own, within the time.
   * @param drain reads its output to the end, so that it does not block
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

  /** Nobody reads its output any more, and it goes on all the same, until it is silent for that long. */
  detach(timeoutMs: number): void {
    if (this.#released) return;
    this.#released = true;
    if (this.#state === 'gone') this.output.close();
    else this.#drain(timeoutMs);
  }

  /** The request is over. A script that was not released is ended. */
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

  /** To the group. Once it is gone its number may be another's. */
  #signal(signal: NodeJS.Signals): void {
    if (this.#state === 'gone') return;
    try {
      process.kill(-this.#group, signal);
    } catch {
      // ESRCH: nobody is left. EPERM: a process that changed its user is not ours to end.
    }
  }
}
