import { readFile } from 'node:fs/promises';
import { allowed } from './allowed.js';
import { nginxConfiguration } from './nginx-conf.js';
import { type Extent, run, worldOf } from './run.js';
import { readRunOptions } from './run-options.js';
import { webservConfiguration } from './webserv-conf.js';

/**
 * Generates configurations, files and requests for nginx and webserv. Exits with 1 when they differ in a way that no
 * row of docs/from-nginx.md allows, or when a row was not needed.
 */

const USAGE = `usage: npm run differential -- [--seconds N] [--sites N] [--seed N] [--world N]
  --seconds N  duration in seconds (default: 60)
  --sites N    maximum number of configurations
  --seed N     seed of an earlier run to repeat
  --world N    print this world of the seed: both configurations and the files
`;
/** A shorter run does not encounter every allowed difference: the rarest occurred once in some 20,000 requests. */
const MEETS_ALL_REQUESTS = 60_000;
const MAX_SHOWN = 40;

function show(seed: number, number: number): string {
  const world = worldOf(seed, number);
  const server = { directory: '/D', user: undefined, passwords: '/D/passwords' };
  const place = { directory: '/W', socket: '/D/socket' };
  return [
    nginxConfiguration([[world, place]], server),
    webservConfiguration([[world, place]], server),
    ...[...world.tree].map(([path, entry]) => `${path} ${JSON.stringify(entry)}`),
  ].join('\n');
}

/** Rows of `allowed` that docs/from-nginx.md lacks. */
async function undocumented(): Promise<readonly string[]> {
  const page = await readFile(new URL('../../docs/from-nginx.md', import.meta.url), 'utf8');
  return allowed.map(({ row }) => row).filter((row) => !page.includes(`\n| \`${row}\` | `));
}

async function compare(seed: number, extent: Extent): Promise<boolean> {
  const { worlds, requests, same, statuses, allowed: met, findings } = await run(seed, extent);
  const unused = requests < MEETS_ALL_REQUESTS ? [] : allowed.filter(({ row }) => met.of(row) === 0);
  const missing = await undocumented();
  for (const row of missing) console.log(`missing in docs/from-nginx.md: ${row}`);
  if (findings.kinds > 0) console.log(findings.report(MAX_SHOWN));
  for (const { row } of unused) console.log(`never encountered, remove it from allowed.ts: ${row}`);
  console.log(`seed ${seed}: ${worlds} configurations, ${requests} requests, ${same} with the same response`);
  console.log(`statuses ${statuses}`);
  for (const { row } of allowed) console.log(`allowed ${met.of(row)} times: ${row}`);
  return findings.kinds === 0 && unused.length === 0 && missing.length === 0;
}

const options = readRunOptions('world');
if (options === undefined) console.log(USAGE);
else if (options.show !== undefined) console.log(show(options.seed, options.show));
else process.exitCode = (await compare(options.seed, options.extent)) ? 0 : 1;
