import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { HttpError } from '@webserv/server';
import { logErrorLines } from './error-lines.js';
import { OutputPipe } from './output-pipe.js';
import type { Content } from './spool.js';

/** From SIGTERM to SIGKILL, in milliseconds. */
const GRACE_MS = 2000;

/** From the script's end to the end of whatever it left running in its process group, in milliseconds. */
const LINGER_MS = 1000;

export interface Invocation {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly input: Content;
  readonly logLine: (line: string) => void;
}

export interface Exit {
  /** undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

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
  #killTimer: NodeJS.Timeout | undefined;

  private constructor(child: ChildProcess, group: number, output: OutputPipe) {
    this.output = output;
    this.#group = group;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
    });
    // 'close': it has ended, and nobody holds its output and errors open.
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    this.gone = this.#end(child, closed);
  }

  /**
   * Starts a program, not by a shell, as the leader of its own session and process group.
   * @throws HttpError 431, 403, 503 or 500 when the system refuses, by its reason
   */
  static async start({ command, folder, environment, input, logLine }: Invocation): Promise<ScriptProcess> {
    const [program = '', ...args] = command;
    const { file, size, bytes } = input;
    let child: ChildProcess;
    try {
      child = spawn(program, args, {
        cwd: folder,
        env: environment,
        detached: true,
        stdio: [file?.fd ?? (size === 0 ? 'ignore' : 'pipe'), 'pipe', 'pipe'],
      });
    } catch (error) {
      throw startFailure(program, error);
    }
    const { pid, stdin, stdout, stderr } = child;
    if (pid === undefined) {
      const [error]: unknown[] = await once(child, 'error');
      throw startFailure(program, error);
    }
    if (stdout === null || stderr === null) throw new Error('no pipes from the script');
    child.on('error', () => {}); // a signal that could not be sent
    stdin?.on('error', () => {}); // EPIPE: a script need not read its input
    stdin?.end(bytes);
    logErrorLines(stderr, logLine);
    return new ScriptProcess(child, pid, new OutputPipe(stdout));
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

  async #end(child: ChildProcess, closed: Promise<void>): Promise<void> {
    await this.exited;
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
    child.stderr?.destroy();
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
