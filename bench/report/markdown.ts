import type { Comparison } from '../comparison.js';
import { tableOf, verdictText } from './table.js';

export interface Run {
  readonly comparisons: readonly Comparison[];
  /** The machine, the versions and the options, a line each. */
  readonly circumstances: readonly string[];
  /** Comparisons that could not be made, with the reasons. */
  readonly leftOut: readonly string[];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function tableLines(heads: readonly string[], lines: readonly (readonly string[])[]): readonly string[] {
  return [row(heads), row(heads.map((_, column) => (column === 0 ? '---' : '---:'))), ...lines.map(row)];
}

/** Formats the whole run as a page. */
export function markdownReport({ comparisons, circumstances, leftOut }: Run): string {
  const summary = comparisons.flatMap(({ result, rounds, verdicts }) =>
    verdicts.map((verdict) => [result.scenario.title, verdictText(verdict), String(rounds)]),
  );
  const details = comparisons.flatMap((comparison) => {
    const { heads, lines } = tableOf(comparison);
    const { name, title } = comparison.result.scenario;
    return ['', `### ${name}: ${title}`, '', ...tableLines(heads, lines)];
  });
  return [
    '# webserv beside its peers',
    '',
    'Written by `npm run bench`. Each figure is the median of the rounds; each ratio is the median of the ratios within',
    'a round. Absolute times are this machine’s and noisy: compare ratios.',
    '',
    '![CPU a request, as a ratio](results.svg)',
    '',
    ...circumstances.map((line) => `- ${line}`),
    '',
    '## Targets',
    '',
    ...tableLines(['scenario', 'target: measured', 'rounds'], summary),
    '',
    '## Figures',
    ...details,
    ...(leftOut.length === 0 ? [] : ['', '## Left out', '', ...leftOut.map((reason) => `- ${reason}`)]),
    '',
  ].join('\n');
}
