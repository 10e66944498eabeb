import type { MetricFamily, MetricSample } from '@webserv/server';

/** The text format of Prometheus, version 0.0.4. */
export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function asPrometheus(families: readonly MetricFamily[]): string {
  return families.map(familyLines).join('');
}

function familyLines(family: MetricFamily): string {
  const head = `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.kind}\n`;
  const lines = family.samples.map((sample) =>
    family.kind === 'histogram'
      ? histogramLines(family, sample)
      : valueLine(family, '', sample.labels, sample.value),
  );
  return head + lines.join('');
}

/** Buckets are cumulative: each includes all lower ones. */
function histogramLines(family: MetricFamily, { labels, value, counts = [] }: MetricSample): string {
  let count = 0;
  const buckets = counts.map((each, index) => {
    count += each;
    const bound = family.buckets?.[index] ?? '+Inf';
    return `${family.name}_bucket${labelText([...family.labels, 'le'], [...labels, String(bound)])} ${count}\n`;
  });
  return (
    buckets.join('') + valueLine(family, '_sum', labels, value) + valueLine(family, '_count', labels, count)
  );
}

function valueLine(
  { name, labels: names }: MetricFamily,
  suffix: string,
  labels: readonly string[],
  value: number,
) {
  return `${name}${suffix}${labelText(names, labels)} ${value}\n`;
}

function labelText(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return '';
  return `{${names.map((name, index) => `${name}="${escapeLabel(values[index] ?? '')}"`).join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`));
}

function escapeHelp(text: string): string {
  return text.replace(/[\\\n]/g, (found) => (found === '\n' ? '\\n' : '\\\\'));
}
