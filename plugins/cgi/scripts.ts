import { type Counter, HttpError, type Metrics, ReportOnce } from '@webserv/server';
import type { Invocation } from './child/child.js';
import { Launcher } from './child/launcher.js';
import type { ProcessLimit } from './directives.js';
import { DiskBudget } from './disk-budget.js';
import { Interpreters } from './interpreter.js';
import { ScriptProcess } from './script-process.js';
import { Slots } from './slots.js';

/** A request for a script. */
export interface ScriptRequest {
  readonly invocation: Invocation;
  /** Called with each line of its stderr. */
  readonly logLine: (line: string) => void;
  /** Aborted when no client waits for it any more. */
  readonly signal: AbortSignal;
}

/** Interval at which a request that waits for a slot looks for a stalled script. */
const PRESS_MS = 1_000;
/** A script whose client has read none of its output for this long is ended when other requests wait for its slot. */
const STALLED_MS = 5_000;

/** Milliseconds for which the same warning about a script is logged only once. */
const WARN_AGAIN_MS = 60_000;

/** All scripts of one worker process, and the limits on their number. None of them outlives the process. */
export class Scripts {
  readonly interpreters = new Interpreters();
  readonly #launcher = new Launcher();
  readonly #slots = new WeakMap<ProcessLimit, Slots>();
  readonly #allSlots: Slots[] = [];
  /** Disk space for output that waits for its clients. */
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
      help: 'Requests for a CGI script that were rejected because too many were running.',
    });
    metrics.gauge({ name: 'webserv_cgi_running', help: 'CGI scripts running.' }, () => this.#running.size);
    metrics.gauge({ name: 'webserv_cgi_waiting', help: 'Requests waiting for a CGI script to end.' }, () =>
      this.#allSlots.reduce((sum, { waiting }) => sum + waiting, 0),
    );
  }

  /**
   * Waits for a slot and starts a script in it. The slot is released when the whole process group is gone.
   * @throws HttpError 503 when no slot becomes free in time, and the errors of starting
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

  /**
   * Ends the script that has waited longest for a client that hardly reads, because other requests wait for its slot.
   */
  #makeRoom(limit: ProcessLimit): void {
    let longest: ScriptProcess | undefined;
    for (const [script, own] of this.#running) {
      if (own === limit && script.stalledSince < (longest?.stalledSince ?? Number.POSITIVE_INFINITY))
        longest = script;
    }
    if (longest !== undefined && performance.now() - longest.stalledSince >= STALLED_MS) longest.terminate();
  }

  /** Kills all scripts when the process exits, however it does. */
  serve(): void {
    process.on('exit', this.#kill);
  }

  /** Ends every script; resolves when the last is gone. */
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
