import type { ContenderResult, ScenarioResult } from './rounds.js';
import { type Metric, metrics, type Sample, type Target } from './scenario.js';
import { median } from './statistics.js';

/** What one contender's rounds come to. */
export interface Row {
  readonly name: string;
  readonly headBytes: number | undefined;
  readonly medians: Sample;
  /** Of the compared metric to the baseline's in the same round; undefined for the baseline itself. */
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
  /** What the ratios are of. */
  readonly metric: Metric;
  readonly rows: readonly Row[];
  readonly verdicts: readonly Verdict[];
}

export function compare(result: ScenarioResult): Comparison {
  const { scenario, contenders } = result;
  const metric = scenario.targets[0]?.metric ?? 'cpu';
  const baseline = contenders.find(({ name }) => name === scenario.baseline);
  const [subject] = contenders;
  return {
    result,
    rounds: subject?.samples.length ?? 0,
    metric,
    rows: contenders.map((contender) => ({
      name: contender.name,
      headBytes: contender.answer?.headBytes,
      medians: medians(contender),
      ratio: contender === baseline ? undefined : spread(ratios(contender, baseline, metric)),
    })),
    verdicts: scenario.targets.map((target) => judge(target, subject, baseline)),
  };
}

function judge(
  target: Target,
  subject: ContenderResult | undefined,
  baseline: ContenderResult | undefined,
): Verdict {
  const values =
    target.of === 'ratio' ? ratios(subject, baseline, target.metric) : valuesOf(subject, target.metric);
  const measured = median(values);
  return {
    target,
    measured,
    met: target.bound === 'at most' ? measured <= target.limit : measured >= target.limit,
  };
}

function valuesOf(contender: ContenderResult | undefined, metric: Metric): readonly number[] {
  return contender?.samples.flatMap((sample) => sample[metric] ?? []) ?? [];
}

/** Round by round: two rounds side by side saw the same machine, two medians did not. */
function ratios(
  contender: ContenderResult | undefined,
  baseline: ContenderResult | undefined,
  metric: Metric,
): readonly number[] {
  const reference = valuesOf(baseline, metric);
  return valuesOf(contender, metric).flatMap((value, round) => {
    const other = reference[round];
    return other === undefined ? [] : value / other;
  });
}

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
