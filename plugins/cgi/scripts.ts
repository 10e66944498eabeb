import { type Counter, HttpError, type Metrics, ReportOnce } from '@webserv/server';
import type { Invocation } from './child/child.js';
import { Launcher } from './child/launcher.js';
import type { ProcessLimit } from './directives.js';
import { DiskBudget } from './disk-budget.js';
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

/** How often a request that waits for a place looks for a script that holds one for nothing. */
const PRESS_MS = 1_000;
/** A script whose client has taken nothing of its output for so long gives its place up when others wait for one. */
const STALLED_MS = 5_000;

/** A script that makes the same error for every request is logged once in this time. */
const WARN_AGAIN_MS = 60_000;

/** All scripts of one server process: how many may run, and which do. None of them outlives it. */
export class Scripts {
  readonly interpreters = new Interpreters();
  readonly #launcher = new Launcher();
  readonly #slots = new WeakMap<ProcessLimit, Slots>();
  readonly #allSlots: Slots[] = [];
  /** Room on the disk for output that waits for its clients. */
  readonly output = new DiskBudget();
  readonly warnings = new ReportOnce({ periodMs: WARN_AGAIN_MS });
  readonly #running = new Map<ScriptProcess, ProcessLimit>();
  readonly #started: Counter;
  readonly #refused: Counter;
  readonly #kill = (): void => {
    for (const script of this.#running.keys()) script.kill();
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
    const slots = this.#slotsOf(limit);
    const pressing = slots.isFull ? setInterval(() => this.#makeRoom(limit), PRESS_MS) : undefined;
    const release = await slots
      .acquire(signal)
      .catch((error: unknown) => {
        if (error instanceof HttpError) this.#refused.add(1);
        throw error;
      })
      .finally(() => clearInterval(pressing));
    try {
      const script = await ScriptProcess.start((call) => this.#launcher.launch(call), invocation, logLine);
      this.#running.set(script, limit);
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

  /** Ends the script that has waited longest for a client that hardly takes its output: others wait for its place. */
  #makeRoom(limit: ProcessLimit): void {
    let longest: ScriptProcess | undefined;
    for (const [script, own] of this.#running) {
      if (own === limit && script.stalledSince < (longest?.stalledSince ?? Number.POSITIVE_INFINITY))
        longest = script;
    }
    if (longest !== undefined && performance.now() - longest.stalledSince >= STALLED_MS) longest.terminate();
  }

  /** However the process ends, no script outlives it. */
  serve(): void {
    process.on('exit', this.#kill);
  }

  /** Ends every script; settles when the last has gone. */
  async dispose(): Promise<void> {
    for (const script of this.#running.keys()) script.terminate();
    await Promise.all(Array.from(this.#running.keys(), (script) => script.gone));
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
