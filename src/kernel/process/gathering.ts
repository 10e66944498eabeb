import type { MetricFamily, MetricsRegistry } from '../metrics.js';
import { summed } from '../metrics.js';
import type { FromMaster, FromWorker } from './messages.js';

/** How long a worker may take to tell its numbers; without them, the others' are shown. */
const ANSWER_MS = 1000;

/** What the master asks of a worker here. */
export interface Counted {
  readonly healthy: boolean;
  tell(message: FromMaster): void;
}

interface Asked<Who> {
  readonly asker: Who;
  readonly id: number;
  readonly waiting: Set<Who>;
  readonly families: MetricFamily[];
  readonly timer: NodeJS.Timeout;
}

/** The master's side: brings the numbers of all workers to the one that was asked for them. */
export class Gathering<Who extends Counted> {
  readonly #asked = new Map<number, Asked<Who>>();
  #last = 0;

  /** @param families what is known of the server besides its workers' own numbers */
  begin(asker: Who, id: number, workers: Iterable<Who>, families: readonly MetricFamily[]): void {
    this.#last += 1;
    const round = this.#last;
    const others = [...workers].filter((worker) => worker !== asker && worker.healthy);
    const timer = setTimeout(() => this.#end(round), ANSWER_MS);
    this.#asked.set(round, { asker, id, waiting: new Set(others), families: [...families], timer });
    for (const worker of others) worker.tell({ type: 'count', round });
    if (others.length === 0) this.#end(round);
  }

  take(worker: Who, round: number, families: readonly MetricFamily[]): void {
    const asked = this.#asked.get(round);
    if (!asked?.waiting.delete(worker)) return;
    asked.families.push(...families);
    if (asked.waiting.size === 0) this.#end(round);
  }

  #end(round: number): void {
    const asked = this.#asked.get(round);
    if (asked === undefined) return;
    this.#asked.delete(round);
    clearTimeout(asked.timer);
    asked.asker.tell({ type: 'gathered', id: asked.id, families: asked.families });
  }
}

/** A worker's side: asks the master for the others' numbers. */
export class Gatherer {
  readonly #tell: (message: FromWorker) => void;
  readonly #waiting = new Map<number, (families: readonly MetricFamily[]) => void>();
  #last = 0;

  constructor(tell: (message: FromWorker) => void) {
    this.#tell = tell;
  }

  /** This worker's numbers with those of the others. Should the master not answer, this worker's alone. */
  gather(own: MetricsRegistry): Promise<readonly MetricFamily[]> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve) => {
      const finish = (others: readonly MetricFamily[]): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(summed([...own.families(), ...others]));
      };
      const timer = setTimeout(() => finish([]), 2 * ANSWER_MS);
      this.#waiting.set(id, finish);
      this.#tell({ type: 'gather', id });
    });
  }

  gathered(id: number, families: readonly MetricFamily[]): void {
    this.#waiting.get(id)?.(families);
  }
}
