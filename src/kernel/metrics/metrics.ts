/** Metrics of a running server, named and summed as in Prometheus. */

/** Describes a metric to the code that shows it. */
export interface MetricDescription {
  /** A Prometheus metric name: `webserv_requests_total`. */
  readonly name: string;
  /** A sentence for the HELP line. */
  readonly help: string;
  /** Prometheus's types: a counter only grows, a gauge may fall, a histogram counts values by range. */
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** Label names, in the order in which their values are given. */
  readonly labels: readonly string[];
  /** A histogram's upper bounds, ascending. Values above the last are counted too. */
  readonly buckets?: readonly number[];
  /** How the values of several processes become one, for a gauge: their sum when left out, or the smallest. */
  readonly merged?: 'sum' | 'min';
}

/** A value of a metric, for one combination of label values. */
export interface MetricSample {
  /** Values of the labels, in the order of their names. */
  readonly labels: readonly string[];
  /** For a histogram, the sum of the observed values. */
  readonly value: number;
  /** For a histogram: the number of values in each bucket (not cumulative), then the number above the last bound. */
  readonly counts?: readonly number[];
}

/** A metric with its values, as plain data that can be sent between processes. */
export interface MetricFamily extends MetricDescription {
  /** The values, one per combination of label values; at most 2,000 per process, 10,000 summed. */
  readonly samples: readonly MetricSample[];
}

/** A number that only grows. */
export interface Counter {
  /** Adds `amount` (0 or more) to the value of these labels. Beyond 2,000 combinations the labels are empty. */
  add(amount: number, ...labels: readonly string[]): void;
}

/** Counts observed values by range. */
export interface Histogram {
  /** Counts `value` for these labels. Beyond 2,000 combinations the labels are empty. */
  observe(value: number, ...labels: readonly string[]): void;
}

type NamedMetric = Omit<MetricDescription, 'kind' | 'labels' | 'merged'> & {
  readonly labels?: readonly string[];
};

type NamedGauge = NamedMetric & Pick<MetricDescription, 'merged'>;

/** The metrics of a plugin. The plugin must choose unique names: metrics with the same name are one metric. */
export interface Metrics {
  /** Registers a counter. Without labels it is 0 until it is added to. */
  counter(metric: NamedMetric): Counter;
  /** A value that is read when metrics are collected, such as the number of open files. */
  gauge(metric: NamedGauge, read: () => Iterable<MetricSample> | number): void;
  /** Registers a histogram with these upper bounds, ascending. */
  histogram(metric: NamedMetric & { readonly buckets: readonly number[] }): Histogram;
  /** All metrics of the kernel and of every plugin, summed over the workers of the server. */
  gather(): Promise<readonly MetricFamily[]>;
}

/**
 * Maximum combinations of label values per metric; further ones are counted together under empty labels, because a
 * client may invent label values.
 */
export const MAX_SAMPLES = 2000;
/** The same limit for the sum over all processes, including processes of earlier configurations. */
const MAX_SUMMED = 5 * MAX_SAMPLES;

interface Cell {
  readonly labels: readonly string[];
  value: number;
  readonly counts: number[] | undefined;
}

class Cells {
  readonly description: MetricDescription;
  readonly #cells = new Map<string, Cell>();

  constructor(description: MetricDescription) {
    this.description = description;
  }

  /** The cell of these label values. */
  at(labels: readonly string[]): Cell {
    // A single label is the common case: its value is the key.
    const key = labels.length === 1 ? (labels[0] ?? '') : labels.join('\n');
    return this.#cells.get(key) ?? this.#add(key, labels);
  }

  samples(): readonly MetricSample[] {
    return Array.from(this.#cells.values(), ({ labels, value, counts }) =>
      counts === undefined ? { labels, value } : { labels, value, counts: [...counts] },
    );
  }

  #add(key: string, labels: readonly string[]): Cell {
    const { buckets, labels: names } = this.description;
    if (this.#cells.size >= MAX_SAMPLES && labels.some((label) => label !== '')) {
      return this.at(names.map(() => ''));
    }
    const cell: Cell = {
      labels: [...labels],
      value: 0,
      counts: buckets && new Array<number>(buckets.length + 1).fill(0),
    };
    this.#cells.set(key, cell);
    return cell;
  }
}

/** The metrics of one server process. */
export class MetricsRegistry {
  readonly #cells = new Map<string, Cells>();
  readonly #observed: {
    readonly description: MetricDescription;
    readonly read: () => Iterable<MetricSample> | number;
  }[] = [];

  counter(metric: NamedMetric): Counter {
    const cells = this.#cellsOf({ ...metric, kind: 'counter', labels: metric.labels ?? [] });
    return {
      add: (amount, ...labels) => {
        cells.at(labels).value += amount;
      },
    };
  }

  gauge(metric: NamedGauge, read: () => Iterable<MetricSample> | number): void {
    this.#observed.push({ description: { ...metric, kind: 'gauge', labels: metric.labels ?? [] }, read });
  }

  /** A counter whose value is kept elsewhere and read when metrics are collected. */
  observed(metric: NamedMetric, read: () => number): void {
    this.#observed.push({ description: { ...metric, kind: 'counter', labels: metric.labels ?? [] }, read });
  }

  histogram(metric: NamedMetric & { readonly buckets: readonly number[] }): Histogram {
    const { buckets } = metric;
    const cells = this.#cellsOf({ ...metric, kind: 'histogram', labels: metric.labels ?? [] });
    return {
      observe: (value, ...labels) => {
        const cell = cells.at(labels);
        cell.value += value;
        let index = 0;
        while (index < buckets.length && value > (buckets[index] ?? 0)) index += 1;
        if (cell.counts !== undefined) cell.counts[index] = (cell.counts[index] ?? 0) + 1;
      },
    };
  }

  /** The metrics of this process alone. */
  families(): readonly MetricFamily[] {
    const counted = Array.from(this.#cells.values(), (cells) => ({
      ...cells.description,
      samples: cells.samples(),
    }));
    const looked = this.#observed.map(({ description, read }) => {
      const value = read();
      return { ...description, samples: typeof value === 'number' ? [{ labels: [], value }] : [...value] };
    });
    return summed([...counted, ...looked]);
  }

  #cellsOf(description: MetricDescription): Cells {
    const known = this.#cells.get(description.name);
    if (known !== undefined) return known;
    const cells = new Cells(description);
    // A metric without labels has one value, which starts at 0, so that monitoring sees the first increment.
    if (description.labels.length === 0) cells.at([]);
    this.#cells.set(description.name, cells);
    return cells;
  }
}

/** The metrics that only grow: what a process has counted remains true after it has exited. */
export function countsOf(families: readonly MetricFamily[]): readonly MetricFamily[] {
  return families.filter(({ kind }) => kind !== 'gauge');
}

/**
 * Merges families with the same name, adding values with the same labels, or as the family says. A family described differently from the
 * first, by another version of a plugin, is left out, and so are label values beyond the limit.
 */
export function summed(families: readonly MetricFamily[]): readonly MetricFamily[] {
  const byName = new Map<string, MetricFamily[]>();
  for (const family of families) {
    const same = byName.get(family.name);
    if (same === undefined) byName.set(family.name, [family]);
    else same.push(family);
  }
  return Array.from(byName.values(), ([first, ...rest]) => first && addedTo(first, rest)).filter(
    (family) => family !== undefined,
  );
}

const shapeOf = ({ kind, labels, buckets = [], merged = 'sum' }: MetricFamily): string =>
  [kind, merged, ...labels, ...buckets].join('\n');

function addedTo(first: MetricFamily, others: readonly MetricFamily[]): MetricFamily {
  const shape = shapeOf(first);
  const rest = others.filter((family) => shapeOf(family) === shape);
  if (rest.length === 0) return first;
  const cells = new Map<string, { labels: readonly string[]; value: number; counts: number[] | undefined }>();
  for (const { samples } of [first, ...rest]) {
    for (const { labels, value, counts } of samples) {
      const key = labels.join('\n');
      const cell = cells.get(key);
      if (cell === undefined) {
        if (cells.size < MAX_SUMMED) cells.set(key, { labels, value, counts: counts && [...counts] });
      } else {
        cell.value = first.merged === 'min' ? Math.min(cell.value, value) : cell.value + value;
        counts?.forEach((count, index) => {
          if (cell.counts !== undefined) cell.counts[index] = (cell.counts[index] ?? 0) + count;
        });
      }
    }
  }
  const samples = Array.from(cells.values(), ({ labels, value, counts }) =>
    counts === undefined ? { labels, value } : { labels, value, counts },
  );
  return { ...first, samples };
}
