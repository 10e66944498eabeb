import type { MetricFamily, MetricSample } from '@webserv/server';

type Json = string | number | readonly Json[] | { readonly [name: string]: Json };

/** Maps each metric's name to a number, a list of values with their labels, or a histogram. */
export function asJson(families: readonly MetricFamily[]): string {
  const metrics = Object.fromEntries(families.map((family) => [family.name, valueOfFamily(family)]));
  return `${JSON.stringify(metrics, undefined, 2)}\n`;
}

function valueOfFamily(family: MetricFamily): Json {
  const { labels, samples } = family;
  const [only] = samples;
  if (labels.length === 0) return only === undefined ? 0 : valueOfSample(family, only);
  return samples.map((sample) => ({
    ...Object.fromEntries(labels.map((name, index) => [name, sample.labels[index] ?? ''])),
    value: valueOfSample(family, sample),
  }));
}

function valueOfSample({ buckets = [] }: MetricFamily, { value, counts }: MetricSample): Json {
  if (counts === undefined) return value;
  return {
    count: counts.reduce((sum, each) => sum + each, 0),
    sum: value,
    buckets: counts.map((count, index) => ({ upTo: buckets[index] ?? 'more', count })),
  };
}
