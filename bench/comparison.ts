import type { ContenderResult, ScenarioResult } from './rounds.js';
import { type Metric, metrics, type Sample, type Target } from './scenario.js';
import { median } from './statistics.js';

/** Summary of a contender's rounds. */
export interface Row {
  readonly name: string;
  readonly headBytes: number | undefined;
  readonly medians: Sample;
  /** Ratio of the compared metric to the baseline's in the same round; undefined for the baseline itself. */
  readonly ratio: { readonly median: number; readonly min: number; readonly max: number } | undefined;
}

export interface Verdict {
  readonly target: Target;
  /** NaN when it was not measured. */
  readonly measured: number;
  readonly met: boolean;
}

export interface Comparison {
  readonly result: ScenarioResult;
  readonly rounds: number;
  /** The metric that the ratios compare. */
  readonly metric: Metric;
  readonly rows: readonly Row[];
  readonly verdicts: readonly Verdict[];
}

export function compare(result: ScenarioResult): Comparison {
  const { scenario, contenders } = result;
  const metric = scenario.targets[0]?.metric ?? 'cpu';
  const baseline = contenders.find(({ name }) => name === scenario.baseline);
  return {
    result,
    rounds: contenders[0]?.samples.length ?? 0,
    metric,
    rows: contenders.map((contender) => ({
      name: contender.name,
      headBytes: contender.response?.headBytes,
      medians: medians(contender),
      ratio:
        contender === baseline
          ? undefined
          : spread(ratios(valuesOf(contender, metric), valuesOf(baseline, metric))),
    })),
    verdicts: scenario.targets.map((target) => judge(target, contenders, scenario.baseline)),
  };
}

function judge(target: Target, contenders: readonly ContenderResult[], baseline: string): Verdict {
  const { metric, bound, limit, against = [baseline] } = target;
  const own = valuesOf(contenders[0], metric);
  const others = contenders
    .filter(({ name }) => against.includes(name))
    .map((other) => valuesOf(other, metric));
  const best = bound === 'at most' ? Math.min : Math.max;
  const bests =
    others.length === 0
      ? []
      : own.map((_, round) => best(...others.flatMap((values) => values[round] ?? [])));
  const measured = median(measures[target.of](own, bests));
  return { target, measured, met: bound === 'at most' ? measured <= limit : measured >= limit };
}

function valuesOf(contender: ContenderResult | undefined, metric: Metric): readonly number[] {
  return contender?.samples.flatMap((sample) => sample[metric] ?? []) ?? [];
}

type Measure = (values: readonly number[], references: readonly number[]) => readonly number[];

/** By round: two servers measured in the same round had the same machine load; two medians did not. */
const byRound =
  (measure: (value: number, reference: number) => number): Measure =>
  (values, references) =>
    values.flatMap((value, round) => {
      const other = references[round];
      return other === undefined ? [] : measure(value, other);
    });

const ratios = byRound((value, reference) => value / reference);

const measures: Readonly<Record<Target['of'], Measure>> = {
  ratio: ratios,
  difference: byRound((value, reference) => value - reference),
  value: (values) => values,
};

function medians(contender: ContenderResult): Sample {
  return Object.fromEntries(
    metrics.flatMap((metric) => {
      const values = valuesOf(contender, metric);
      return values.length === 0 ? [] : [[metric, median(values)]];
    }),
  );
}

function spread(values: readonly number[]): Row['ratio'] {
  if (values.length === 0) return undefined;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}
