import type { Comparison, Row } from '../comparison.js';

const WIDTH = 900;
const LABELS = 330;
const BAR = 13;
const GROUP_GAP = 12;
const TOP = 56;
/** Greater ratios are drawn as a broken bar with their figure. */
const MAX_RATIO = 3;

const COLOURS: Readonly<Record<string, string>> = {
  lighttpd: '#8a8f98',
  'node-http': '#c9a227',
  'node-net': '#d9b36c',
  nginx: '#3a7d44',
  'nginx-tuned': '#7fb685',
};
const OWN_COLOUR = '#2563c9';

interface Bar {
  readonly label: string;
  readonly ratio: number;
  readonly colour: string;
}

interface Group {
  readonly title: string;
  readonly bars: readonly Bar[];
  readonly target: number | undefined;
}

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

function groupOf({ result, rows, verdicts, metric }: Comparison): Group {
  const barOf = (row: Row): readonly Bar[] =>
    row.ratio === undefined
      ? []
      : [{ label: row.name, ratio: row.ratio.median, colour: COLOURS[row.name] ?? OWN_COLOUR }];
  const target = verdicts.find(
    (verdict) => verdict.target.of === 'ratio' && verdict.target.metric === metric,
  );
  return { title: result.scenario.title, bars: rows.flatMap(barOf), target: target?.target.limit };
}

const position = (ratio: number): number =>
  LABELS + (Math.min(ratio, MAX_RATIO) / MAX_RATIO) * (WIDTH - LABELS - 60);

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escapeXml(content)}</text>`;
}

function drawGroup(group: Group, top: number): string {
  const height = group.bars.length * BAR;
  const bars = group.bars.map(({ label, ratio, colour }, index) => {
    const y = top + index * BAR;
    const end = position(ratio);
    return [
      `<rect x="${LABELS}" y="${y + 1}" width="${(end - LABELS).toFixed(1)}" height="${BAR - 2}" fill="${colour}"/>`,
      text(end + 4, y + BAR - 3, `${ratio.toFixed(2)} ${label}`),
    ].join('\n');
  });
  const target =
    group.target === undefined
      ? ''
      : `<path d="M${position(group.target).toFixed(1)} ${top - 2}v${height + 4}" stroke="#c0392b" stroke-width="2"/>`;
  return [text(LABELS - 8, top + height / 2 + 4, group.title, 'text-anchor="end"'), ...bars, target].join(
    '\n',
  );
}

/** Draws the ratios to the baseline as bars, grouped by scenario: an SVG document. */
export function chart(comparisons: readonly Comparison[]): string {
  const groups = comparisons.map(groupOf).filter(({ bars }) => bars.length > 0);
  let top = TOP;
  const drawn = groups.map((group) => {
    const at = top;
    top += group.bars.length * BAR + GROUP_GAP;
    return drawGroup(group, at);
  });
  const one = position(1).toFixed(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" font-family="sans-serif" font-size="11">
<rect width="${WIDTH}" height="${top}" fill="#fff"/>
${text(8, 20, 'Ratio to the baseline in the same round (nginx; lighttpd for scripts; itself for large configurations)', 'font-size="13"')}
${text(8, 36, 'CPU a request unless the scenario says otherwise; the red line is the target', 'fill="#555"')}
<path d="M${one} ${TOP - 8}V${top}" stroke="#999" stroke-dasharray="3 3"/>
${drawn.join('\n')}
</svg>
`;
}
