import { setTimeout as sleep } from 'node:timers/promises';

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Samples a server's memory over time, from now on. */
export class MemoryCurve {
  /** In bytes. */
  readonly #samples: number[] = [];
  #watching = true;
  readonly #done: Promise<void>;

  constructor(memory: () => Promise<number>, everyMs = 250) {
    this.#done = this.#watch(memory, everyMs);
  }

  async stop(): Promise<void> {
    this.#watching = false;
    await this.#done;
  }

  /** The minimum and the maximum, in bytes. */
  get range(): readonly [number, number] {
    return [Math.min(...this.#samples), Math.max(...this.#samples)];
  }

  /**
   * Growth of the last third over the first, in bytes. Compares medians: garbage collection makes a sawtooth, which has
   * a constant height in a server without a leak.
   */
  get growth(): number {
    const third = Math.floor(this.#samples.length / 3);
    return median(this.#samples.slice(-third)) - median(this.#samples.slice(0, third));
  }

  async #watch(memory: () => Promise<number>, everyMs: number): Promise<void> {
    for (; this.#watching; await sleep(everyMs)) this.#samples.push(await memory());
  }
}
