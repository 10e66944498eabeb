import type { Comparison, Row, Verdict } from '../comparison.js';
import { type Metric, metrics, type Target } from '../scenario.js';

/** A row of cells for each contender. */
export interface Table {
  readonly heads: readonly string[];
  readonly lines: readonly (readonly string[])[];
}

const UNITS: Readonly<Record<Metric, { readonly head: string; readonly digits: number }>> = {
  cpu: { head: 'CPU µs/request', digits: 1 },
  rate: { head: 'requests/s', digits: 0 },
  p50: { head: 'p50 ms', digits: 2 },
  p99: { head: 'p99 ms', digits: 2 },
  memory: { head: 'memory MiB', digits: 1 },
  connectionMemory: { head: 'KiB/connection', digits: 2 },
  start: { head: 'start ms', digits: 0 },
  startCpu: { head: 'CPU ms', digits: 0 },
};

const RATIO_OF: Readonly<Record<Metric, string>> = {
  cpu: 'CPU',
  rate: 'requests/s',
  p50: 'p50',
  p99: 'p99',
  memory: 'memory',
  connectionMemory: 'memory',
  start: 'time',
  startCpu: 'CPU',
};

export function tableOf({ rows, metric, result }: Comparison): Table {
  const shown = metrics.filter((name) => rows.some(({ medians }) => medians[name] !== undefined));
  const withHeads = rows.some(({ headBytes }) => headBytes !== undefined);
  return {
    heads: [
      '',
      `${RATIO_OF[metric]} / ${result.scenario.baseline}`,
      'lowest–highest',
      ...shown.map((name) => UNITS[name].head),
      ...(withHeads ? ['head bytes'] : []),
    ],
    lines: rows.map((row) => [
      row.name,
      ...ratioCells(row, row.name === result.scenario.baseline),
      ...shown.map((name) => format(row.medians[name], UNITS[name].digits)),
      ...(withHeads ? [String(row.headBytes ?? '')] : []),
    ]),
  };
}

function ratioCells({ ratio }: Row, isBaseline: boolean): readonly string[] {
  if (ratio === undefined) return [isBaseline ? '1' : '', ''];
  return [ratio.median.toFixed(2), `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`];
}

function format(value: number | undefined, digits: number): string {
  if (value === undefined) return '';
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `CPU ratio ≤ 0.95: 1.02, missed`. */
export function verdictText({ target, measured, met }: Verdict): string {
  const what = target.of === 'value' ? UNITS[target.metric].head : comparedName(target);
  const limit = `${target.bound === 'at most' ? '≤' : '≥'} ${target.limit}`;
  const outcome = Number.isNaN(measured)
    ? 'not measured'
    : `${measured.toFixed(2)}, ${met ? 'met' : 'missed'}`;
  return `${what} ${limit}: ${outcome}`;
}

function comparedName({ metric, of, against = [] }: Target): string {
  const name = of === 'ratio' ? `${RATIO_OF[metric]} ratio` : `more ${UNITS[metric].head}`;
  const [only] = against;
  if (only === undefined) return name;
  return `${name} ${of === 'ratio' ? 'to' : 'than'} ${against.length === 1 ? only : `the best of ${against.join(', ')}`}`;
}
