import { bench, findInstalled } from './bench.js';
import type { Comparison, Verdict } from './comparison.js';
import { textReport } from './report/text.js';
import type { Scenario } from './scenario.js';
import { scenarios } from './scenarios/index.js';

/** Scenarios that together cover most of the code that every request runs. */
const CHECKED = new Set(['1k', '100k', 'not-found', 'tls-1k']);
const TIMING = { rounds: 3, seconds: 1 };
/** Another program on the machine does not double a ratio; a serious regression on the hot path does. */
const GROSS = 2;

function isGross({ target, measured }: Verdict): boolean {
  if (Number.isNaN(measured)) return true;
  return target.bound === 'at most' ? measured > target.limit * GROSS : measured < target.limit / GROSS;
}

/** Only webserv and the server that its targets are about. */
function shortened(scenario: Scenario): Scenario {
  const { contenders, baseline } = scenario;
  return { ...scenario, contenders: contenders.filter(({ name }, at) => at === 0 || name === baseline) };
}

/** Ignores targets against servers that do not take part: those are for a whole run. */
function grossVerdicts({ verdicts }: Comparison): number {
  return verdicts.filter(({ target }) => target.against === undefined).filter(isGross).length;
}

/**
 * `npm run bench:check`: a run of about a minute that fails only on a serious regression.
 * @returns the exit code
 */
async function main(): Promise<number> {
  const installed = await findInstalled(['nginx', 'nginx-tuned']);
  if (installed.missing.length > 0) {
    process.stderr.write(`bench:check: nothing is checked: ${installed.missing.join('; ')}\n`);
    // On a developer's machine a missing tool is not a regression; in CI this line would go unnoticed.
    return process.env.CI === undefined ? 0 : 1;
  }
  let failures = 0;
  const checked = scenarios.filter(({ name }) => CHECKED.has(name)).map(shortened);
  for await (const outcome of bench({ scenarios: checked, installed, timing: TIMING, accessLog: true })) {
    if (outcome.kind === 'compared') {
      failures += grossVerdicts(outcome.comparison);
      process.stdout.write(`${textReport(outcome.comparison, outcome.leftOut)}\n`);
    } else {
      failures += 1;
      process.stdout.write(`${outcome.scenario.name}: ${outcome.kind}: ${outcome.reason}\n`);
    }
  }
  if (failures > 0) process.stdout.write(`${failures} targets were missed by more than a factor of two\n`);
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main();
