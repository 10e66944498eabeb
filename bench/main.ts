import { writeFile } from 'node:fs/promises';
import { bench, findInstalled, type Installed } from './bench.js';
import type { Comparison } from './comparison.js';
import { describeMachine } from './machine.js';
import { type Options, readOptions, USAGE } from './options.js';
import { chart } from './report/chart.js';
import { markdownReport, type Run } from './report/markdown.js';
import { textReport } from './report/text.js';
import type { Scenario } from './scenario.js';
import { scenarios } from './scenarios/index.js';

/**
 * `npm run bench`: compares webserv with other servers.
 * @returns the exit code
 */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const installed = await findInstalled(options.peers);
  const circumstances = describe(options, installed);
  process.stdout.write(`${[...circumstances, ...installed.missing].join('\n')}\n\n`);
  const comparisons: Comparison[] = [];
  const leftOut = [...installed.missing];
  let failures = 0;
  const { timing, accessLog } = options;
  for await (const outcome of bench({ scenarios: chosen(options), installed, timing, accessLog })) {
    if (outcome.kind === 'compared') {
      comparisons.push(outcome.comparison);
      leftOut.push(...outcome.leftOut);
      process.stdout.write(`${textReport(outcome.comparison, outcome.leftOut)}\n`);
    } else {
      if (outcome.kind === 'failed') failures += 1;
      leftOut.push(`${outcome.scenario.name}: ${outcome.reason}`);
      process.stdout.write(`${outcome.scenario.name}: ${outcome.kind}: ${outcome.reason}\n\n`);
    }
  }
  if (options.scenarios === undefined) await writeResults({ comparisons, circumstances, leftOut });
  return failures === 0 ? 0 : 1;
}

/** @throws Error for an unknown scenario */
function chosen({ scenarios: names }: Options): readonly Scenario[] {
  if (names === undefined) return scenarios;
  return names.map((name) => {
    const scenario = scenarios.find((candidate) => candidate.name === name);
    if (scenario === undefined)
      throw new Error(`"${name}" is not one of ${scenarios.map((one) => one.name).join(', ')}`);
    return scenario;
  });
}

function describe({ timing, accessLog }: Options, { versions }: Installed): readonly string[] {
  return [
    describeMachine(),
    [...versions].map(([name, version]) => `${name} ${version}`).join(', '),
    `${timing.rounds} rounds of ${timing.seconds} s, access log ${accessLog ? 'on' : 'off'}`,
  ];
}

async function writeResults(run: Run): Promise<void> {
  await writeFile(new URL('results.md', import.meta.url), markdownReport(run));
  await writeFile(new URL('results.svg', import.meta.url), chart(run.comparisons));
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
