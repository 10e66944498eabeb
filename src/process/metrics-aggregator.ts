import type { MetricFamily, MetricsRegistry } from '../kernel/metrics/metrics.js';
import { countsOf, summed } from '../kernel/metrics/metrics.js';
import type { FromMaster, FromWorker } from './messages.js';

/** Time a worker may take to send its metrics, in milliseconds. After that its last known metrics are shown. */
const REPLY_MS = 1000;

/** A worker, as far as the aggregator needs it. */
export interface Counted {
  readonly healthy: boolean;
  tell(message: FromMaster): void;
}

interface Asked<Source> {
  readonly asker: Source;
  readonly id: number;
  readonly waiting: Set<Source>;
  readonly families: MetricFamily[];
  readonly timer: NodeJS.Timeout;
}

/** The master's side: collects the metrics of all workers for the worker that was asked for them. */
export class MetricsAggregator<Source extends Counted> {
  readonly #pending = new Map<number, Asked<Source>>();
  #rounds = 0;
  /** Metrics that each worker sent last. */
  readonly #lastSent = new WeakMap<Source, readonly MetricFamily[]>();
  /** Counts of workers that have ended. Without them, totals would fall, which scrapers take for a counter reset. */
  #past: readonly MetricFamily[] = [];

  /**
   * @param own the asking worker's own metrics
   * @param families metrics of the server besides those of its workers
   */
  begin(
    asker: Source,
    { id, own }: { readonly id: number; readonly own: readonly MetricFamily[] },
    workers: Iterable<Source>,
    families: readonly MetricFamily[],
  ): void {
    this.#lastSent.set(asker, own);
    this.#rounds += 1;
    const round = this.#rounds;
    const others = [...workers].filter((worker) => worker !== asker);
    const waiting = new Set(others.filter(({ healthy }) => healthy));
    const timer = setTimeout(() => this.#end(round), REPLY_MS);
    const silent = others.filter((worker) => !waiting.has(worker)).flatMap((worker) => this.#lastOf(worker));
    const known = [...families, ...this.#past, ...silent];
    this.#pending.set(round, { asker, id, waiting, families: known, timer });
    for (const worker of waiting) worker.tell({ type: 'count', round });
    if (waiting.size === 0) this.#end(round);
  }

  /** Called when a worker has ended. */
  lose(worker: Source): void {
    this.#past = summed([...this.#past, ...this.#lastOf(worker)]);
    this.#lastSent.delete(worker);
  }

  #lastOf(worker: Source): readonly MetricFamily[] {
    return countsOf(this.#lastSent.get(worker) ?? []);
  }

  take(worker: Source, round: number, families: readonly MetricFamily[]): void {
    this.#lastSent.set(worker, families);
    const asked = this.#pending.get(round);
    if (!asked?.waiting.delete(worker)) return;
    asked.families.push(...families);
    if (asked.waiting.size === 0) this.#end(round);
  }

  #end(round: number): void {
    const asked = this.#pending.get(round);
    if (asked === undefined) return;
    this.#pending.delete(round);
    clearTimeout(asked.timer);
    for (const worker of asked.waiting) asked.families.push(...this.#lastOf(worker));
    asked.asker.tell({ type: 'gathered', id: asked.id, families: asked.families });
  }
}

/** A worker's side: asks the master for the metrics of the other workers. */
export class MetricsClient {
  readonly #tell: (message: FromWorker) => void;
  readonly #waiting = new Map<number, (families: readonly MetricFamily[]) => void>();
  #last = 0;

  constructor(tell: (message: FromWorker) => void) {
    this.#tell = tell;
  }

  /** This worker's metrics combined with those of the others. Its own alone if the master does not respond. */
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
      const timer = setTimeout(() => finish([]), 2 * REPLY_MS);
      this.#waiting.set(id, finish);
      this.#tell({ type: 'gather', id, own: counted });
    });
  }

  gathered(id: number, families: readonly MetricFamily[]): void {
    this.#waiting.get(id)?.(families);
  }
}
