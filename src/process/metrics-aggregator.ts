import type { MetricFamily, MetricsRegistry } from '../kernel/metrics/metrics.js';
import { countsOf, summed } from '../kernel/metrics/metrics.js';
import type { FromMaster, FromWorker } from './messages.js';

/** How long a worker may take to tell its numbers; without them, what it told last is shown. */
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
export class MetricsAggregator<Who extends Counted> {
  readonly #asked = new Map<number, Asked<Who>>();
  #rounds = 0;
  /** What each worker told last. */
  readonly #told = new WeakMap<Who, readonly MetricFamily[]>();
  /** What those had counted that have ended: a counter that falls would count as one that began anew. */
  #past: readonly MetricFamily[] = [];

  /**
   * @param own the asker's own numbers
   * @param families what is known of the server besides its workers' own numbers
   */
  begin(
    asker: Who,
    { id, own }: { readonly id: number; readonly own: readonly MetricFamily[] },
    workers: Iterable<Who>,
    families: readonly MetricFamily[],
  ): void {
    this.#told.set(asker, own);
    this.#rounds += 1;
    const round = this.#rounds;
    const others = [...workers].filter((worker) => worker !== asker);
    const waiting = new Set(others.filter(({ healthy }) => healthy));
    const timer = setTimeout(() => this.#end(round), ANSWER_MS);
    const silent = others.filter((worker) => !waiting.has(worker)).flatMap((worker) => this.#lastOf(worker));
    const known = [...families, ...this.#past, ...silent];
    this.#asked.set(round, { asker, id, waiting, families: known, timer });
    for (const worker of waiting) worker.tell({ type: 'count', round });
    if (waiting.size === 0) this.#end(round);
  }

  /** A worker that has ended. */
  lose(worker: Who): void {
    this.#past = summed([...this.#past, ...this.#lastOf(worker)]);
    this.#told.delete(worker);
  }

  #lastOf(worker: Who): readonly MetricFamily[] {
    return countsOf(this.#told.get(worker) ?? []);
  }

  take(worker: Who, round: number, families: readonly MetricFamily[]): void {
    this.#told.set(worker, families);
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
    for (const worker of asked.waiting) asked.families.push(...this.#lastOf(worker));
    asked.asker.tell({ type: 'gathered', id: asked.id, families: asked.families });
  }
}

/** A worker's side: asks the master for the others' numbers. */
export class MetricsClient {
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
    const counted = own.families();
    return new Promise((resolve) => {
      const finish = (others: readonly MetricFamily[]): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(summed([...counted, ...others]));
      };
      const timer = setTimeout(() => finish([]), 2 * ANSWER_MS);
      this.#waiting.set(id, finish);
      this.#tell({ type: 'gather', id, own: counted });
    });
  }

  gathered(id: number, families: readonly MetricFamily[]): void {
    this.#waiting.get(id)?.(families);
  }
}
