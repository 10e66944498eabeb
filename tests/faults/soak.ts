import { parseArgs } from 'node:util';
import { type Run, runs } from './runs.js';
import { FaultError, type Figure, line } from './verdict.js';

/**
 * All runs at full length, one after the other, against the real command: `npm run soak`. Prints the figures of each,
 * and a table at the end. Exits with 1 when a bound did not hold or a run failed.
 */

const USAGE = `usage: npm run soak -- [--siege SECONDS] [--only WORD] [--short]
  --siege SECONDS  how long the siege lasts; 600 when left out
  --only WORD      the runs whose name has this in it
  --short          at the length they have in npm run faults
`;

interface Done {
  readonly name: string;
  readonly figures: readonly Figure[];
  readonly seconds: number;
  /** Reason for a missing or bad result. */
  readonly problem: string | undefined;
}

async function make({ name, short, full }: Run, isShort: boolean, siegeSeconds: number): Promise<Done> {
  console.log(`── ${name}`);
  const began = performance.now();
  const done = (figures: readonly Figure[], problem?: string): Done => {
    const seconds = (performance.now() - began) / 1000;
    for (const figure of figures) console.log(line(figure));
    if (problem !== undefined) console.log(problem);
    console.log(`  took ${seconds.toFixed(0)} s\n`);
    return { name, figures, seconds, problem };
  };
  try {
    return done(await (isShort ? short() : full(siegeSeconds)));
  } catch (error) {
    if (error instanceof FaultError) return done(error.figures, error.details.join('\n'));
    return done([], error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

/** Formats every figure with a bound as a table in Markdown. */
function table(all: readonly Done[]): string {
  const rows = all.flatMap(({ name, figures, seconds, problem }) => {
    const head = `| ${name} (${seconds.toFixed(0)} s) | ${problem === undefined ? 'holds' : '**does not hold**'} | |`;
    const judged = figures.filter(({ bound }) => bound !== '');
    return [
      head,
      ...judged.map(
        (figure) => `| · ${figure.name} | ${figure.holds ? '' : '✗ '}${figure.value} | ${figure.bound} |`,
      ),
    ];
  });
  return ['| run | measured | bound |', '|---|---|---|', ...rows].join('\n');
}

const { values } = parseArgs({
  options: {
    siege: { type: 'string', default: '600' },
    only: { type: 'string', default: '' },
    short: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
});
const siegeSeconds = Number(values.siege);
if (values.help) console.log(USAGE);
else if (!(siegeSeconds > 0)) throw new Error(`a number above 0 is wanted\n${USAGE}`);
else {
  const chosen = runs.filter(({ name }) => name.includes(values.only));
  if (chosen.length === 0) throw new Error(`no run has "${values.only}" in its name`);
  const all: Done[] = [];
  for (const run of chosen) all.push(await make(run, values.short, siegeSeconds));
  console.log(table(all));
  if (all.some(({ problem }) => problem !== undefined)) process.exitCode = 1;
}
