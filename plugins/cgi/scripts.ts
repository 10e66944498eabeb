import { type Counter, HttpError, type Metrics } from '@webserv/server';
import type { Invocation } from './child/child.js';
import { Launcher } from './child/launcher.js';
import type { ProcessLimit } from './directives.js';
import { Interpreters } from './interpreter.js';
import { ScriptProcess } from './script-process.js';
import { Slots } from './slots.js';

/** A script that somebody asks for. */
export interface ScriptRequest {
  readonly invocation: Invocation;
  /** Gets what it writes to its standard error. */
  readonly logLine: (line: string) => void;
  /** Aborted when nobody waits for it any more. */
  readonly signal: AbortSignal;
}

/** All scripts of one server process: how many may run, and which do. None of them outlives it. */
export class Scripts {
  readonly interpreters = new Interpreters();
  readonly #launcher = new Launcher();
  readonly #slots = new WeakMap<ProcessLimit, Slots>();
  readonly #allSlots: Slots[] = [];
  readonly #running = new Set<ScriptProcess>();
  readonly #started: Counter;
  readonly #refused: Counter;
  readonly #kill = (): void => {
    for (const script of this.#running) script.kill();
  };

  constructor(metrics: Metrics) {
    this.#started = metrics.counter({ name: 'webserv_cgi_started_total', help: 'CGI scripts started.' });
    this.#refused = metrics.counter({
      name: 'webserv_cgi_refused_total',
      help: 'Requests for a CGI script that were not served because too many ran.',
    });
    metrics.gauge({ name: 'webserv_cgi_running', help: 'CGI scripts that run.' }, () => this.#running.size);
    metrics.gauge({ name: 'webserv_cgi_waiting', help: 'Requests that wait for a CGI script to end.' }, () =>
      this.#allSlots.reduce((sum, { waiting }) => sum + waiting, 0),
    );
  }

  /**
   * Waits for a slot and starts a script in it. The slot is given back when its whole process group is gone.
   * @throws HttpError 503 when there is no slot in time, and what starting throws
   */
  async start(limit: ProcessLimit, request: ScriptRequest): Promise<ScriptProcess> {
    const { invocation, logLine, signal } = request;
    const release = await this.#slotsOf(limit)
      .acquire(signal)
      .catch((error: unknown) => {
        if (error instanceof HttpError) this.#refused.add(1);
        throw error;
      });
    try {
      const script = await ScriptProcess.start((call) => this.#launcher.launch(call), invocation, logLine);
      this.#running.add(script);
      this.#started.add(1);
      script.gone.then(() => {
        release();
        this.#running.delete(script);
      });
      return script;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** However the process ends, no script outlives it. */
  serve(): void {
    process.on('exit', this.#kill);
  }

  /** Ends every script; settles when the last has gone. */
  async dispose(): Promise<void> {
    for (const script of this.#running) script.terminate();
    await Promise.all(Array.from(this.#running, (script) => script.gone));
    process.off('exit', this.#kill);
    this.#launcher.dispose();
  }

  #slotsOf(limit: ProcessLimit): Slots {
    let slots = this.#slots.get(limit);
    if (slots === undefined) {
      slots = new Slots(limit.max, limit.queue, limit.waitMs);
      this.#slots.set(limit, slots);
      this.#allSlots.push(slots);
    }
    return slots;
  }
}
