import type { Extent } from '../differential/run.js';
import { readRunOptions } from '../differential/run-options.js';
import { webservConfiguration } from '../differential/webserv-conf.js';
import { run, siteOf } from './run.js';

/**
 * Generates sites that combine scripts, uploads, passwords, limits, precompressed siblings and forwards, and checks
 * rules that must always hold. Exits with 1 when one is violated.
 */

const USAGE = `usage: npm run invariants -- [--seconds N] [--sites N] [--seed N] [--site N]
  --seconds N  duration in seconds (default: 60)
  --sites N    maximum number of sites
  --seed N     seed of an earlier run to repeat
  --site N     print this site of the seed
`;
const MAX_SHOWN = 40;

function show(seed: number, number: number): string {
  const server = { directory: '/D', user: undefined, passwords: '/D/passwords' };
  const site = siteOf(seed, number);
  const configuration = webservConfiguration([[site, { directory: '/W', socket: '/D/socket' }]], server);
  return [configuration, ...site.tree.keys()].join('\n');
}

async function check(seed: number, extent: Extent): Promise<boolean> {
  const { sites, requests, ran, statuses, findings } = await run(seed, extent);
  if (findings.kinds > 0) console.log(findings.report(MAX_SHOWN));
  console.log(`seed ${seed}: ${sites} sites, ${requests} requests, ${ran} responses by scripts`);
  console.log(`statuses ${statuses}`);
  return findings.kinds === 0 && ran > 0;
}

const options = readRunOptions('site');
if (options === undefined) console.log(USAGE);
else if (options.show !== undefined) console.log(show(options.seed, options.show));
else process.exitCode = (await check(options.seed, options.extent)) ? 0 : 1;
