import type { Comparison } from '../comparison.js';
import { tableOf, verdictText } from './table.js';

/** Formats a scenario for a terminal. */
export function textReport(comparison: Comparison, leftOut: readonly string[]): string {
  const { scenario } = comparison.result;
  const { heads, lines } = tableOf(comparison);
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const aligned = [heads, ...lines].map((line) =>
    line
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return [
    `${scenario.name}: ${scenario.title} (${comparison.rounds} rounds)`,
    ...aligned.map((line) => `  ${line}`),
    ...comparison.verdicts.map((verdict) => `  target: ${verdictText(verdict)}`),
    ...leftOut.map((reason) => `  left out: ${reason}`),
    '',
  ].join('\n');
}
