import type { ProcessLimit } from './directives.js';
import { type Invocation, ScriptProcess } from './script-process.js';
import { Slots } from './slots.js';

/** All scripts of one server process: how many may run, and which do. None of them outlives it. */
export class Scripts {
  readonly #slots = new WeakMap<ProcessLimit, Slots>();
  readonly #running = new Set<ScriptProcess>();
  readonly #kill = (): void => {
    for (const script of this.#running) script.kill();
  };

  constructor() {
    process.on('exit', this.#kill);
  }

  /**
   * Waits for a slot and starts a script in it. The slot is given back when its whole process group is gone.
   * @throws HttpError 503 when there is no slot in time, and what starting throws
   */
  async start(limit: ProcessLimit, invocation: Invocation, signal: AbortSignal): Promise<ScriptProcess> {
    const release = await this.#slotsOf(limit).acquire(signal);
    try {
      const script = await ScriptProcess.start(invocation);
      this.#running.add(script);
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

  /** Ends every script; settles when the last has gone. */
  async dispose(): Promise<void> {
    for (const script of this.#running) script.terminate();
    await Promise.all(Array.from(this.#running, (script) => script.gone));
    process.off('exit', this.#kill);
  }

  #slotsOf(limit: ProcessLimit): Slots {
    let slots = this.#slots.get(limit);
    if (slots === undefined) {
      slots = new Slots(limit.max);
      this.#slots.set(limit, slots);
    }
    return slots;
  }
}
