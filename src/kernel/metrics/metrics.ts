/** Numbers a running server is watched by, named and summed as Prometheus does. */

/** What a metric is, for whoever shows it. */
export interface MetricDescription {
  /** As Prometheus wants it: `webserv_requests_total`. */
  readonly name: string;
  /** One sentence for the HELP line. */
  readonly help: string;
  /** Prometheus's types: a counter only grows, a gauge may fall, a histogram counts values by range. */
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** The names of its labels, in the order their values are given in. */
  readonly labels: readonly string[];
  /** A histogram's upper bounds, ascending; what is above them all is counted too. */
  readonly buckets?: readonly number[];
}

/** One value of a metric: for one combination of label values. */
export interface MetricSample {
  /** Values of the labels, in the order of their names. */
  readonly labels: readonly string[];
  /** Of a histogram, the sum of what was observed. */
  readonly value: number;
  /** Of a histogram: how many fell into each bucket (not added up), then above the last. */
  readonly counts?: readonly number[];
}

/** A metric with its values, as plain data: it goes from process to process. */
export interface MetricFamily extends MetricDescription {
  /** One for each combination of label values; at most 2,000 per process, 10,000 summed. */
  readonly samples: readonly MetricSample[];
}

/** A number that only grows. */
export interface Counter {
  /** Adds `amount` (0 or more) to the value of these labels. Beyond 2,000 combinations the labels are empty. */
  add(amount: number, ...labels: readonly string[]): void;
}

/** How often values fell into which range. */
export interface Histogram {
  /** Counts `value` for these labels. Beyond 2,000 combinations the labels are empty. */
  observe(value: number, ...labels: readonly string[]): void;
}

type NamedMetric = Omit<MetricDescription, 'kind' | 'labels'> & { readonly labels?: readonly string[] };

/** What a plugin counts with. Names are the plugin's to keep apart: two of one name are one metric. */
export interface Metrics {
  /** Registers a counter. Without labels it is 0 until it is added to. */
  counter(metric: NamedMetric): Counter;
  /** A value that is asked for when somebody looks: how many there are just now. */
  gauge(metric: NamedMetric, read: () => Iterable<MetricSample> | number): void;
  /** Registers a histogram with these upper bounds, ascending. */
  histogram(metric: NamedMetric & { readonly buckets: readonly number[] }): Histogram;
  /** All metrics, the kernel's and every plugin's, summed over the workers of the server. */
  gather(): Promise<readonly MetricFamily[]>;
}

/** Beyond so many combinations of label values they are counted as one, of empty labels: a client may invent some. */
const MAX_SAMPLES = 2000;
/** Of all processes together, those of configurations before this one included. */
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
    // One label is the common case, and its own key.
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

  gauge(metric: NamedMetric, read: () => Iterable<MetricSample> | number): void {
    this.#observed.push({ description: { ...metric, kind: 'gauge', labels: metric.labels ?? [] }, read });
  }

  /** A counter that is kept elsewhere, and asked for when somebody looks. */
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

  /** Of this process alone. */
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
    // Without labels there is one value, and it is 0 until something happens: whoever watches it sees the first event.
    if (description.labels.length === 0) cells.at([]);
    this.#cells.set(description.name, cells);
    return cells;
  }
}

/** Those that only grow: what a process counted stays true when it has ended. */
export function countsOf(families: readonly MetricFamily[]): readonly MetricFamily[] {
  return families.filter(({ kind }) => kind !== 'gauge');
}

/**
 * Families of one name as one, values of the same labels added up. One that is described in another way than the first, by
 * another version of a plugin, is left out; and so are label values beyond a bound.
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

const shapeOf = ({ kind, labels, buckets = [] }: MetricFamily): string =>
  [kind, ...labels, ...buckets].join('\n');

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
        cell.value += value;
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
