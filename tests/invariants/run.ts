import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { idOf, PASSWORDS, WORKER_USER } from '../differential/accounts.js';
import { ask, requestText } from '../differential/exchange.js';
import { Counts, Findings } from '../differential/findings.js';
import { USER } from '../differential/generate-request.js';
import type { Request, World } from '../differential/model.js';
import type { WorldPlace } from '../differential/nginx-conf.js';
import type { Extent } from '../differential/run.js';
import { writeTree } from '../differential/tree.js';
import { webservConfiguration } from '../differential/webserv-conf.js';
import { webserv } from '../e2e/command.js';
import { Random } from '../fuzz/random.js';
import { headDifferences, violationsOf } from './check.js';
import { generateRequest } from './generate-request.js';
import { generateSite } from './site.js';

const CONCURRENT_SITES = 10;
const REQUESTS_PER_SITE = 100;

export interface Totals {
  sites: number;
  requests: number;
  /** Number of responses produced by scripts: a run without any proves nothing. */
  ran: number;
  readonly statuses: Counts<number>;
  readonly findings: Findings;
}

export const siteOf = (seed: number, number: number): World =>
  generateSite(new Random(seed, number * 2), number);

/** Checks site after site, up to the limits. */
export async function run(seed: number, { seconds, sites }: Extent): Promise<Totals> {
  const totals: Totals = { sites: 0, requests: 0, ran: 0, statuses: new Counts(), findings: new Findings() };
  const end = performance.now() + seconds * 1000;
  for (let first = 0; first < sites && performance.now() < end; first += CONCURRENT_SITES) {
    await trySites(seed, first, CONCURRENT_SITES, totals);
  }
  return totals;
}

/** @param first number of the first site */
export async function trySites(seed: number, first: number, count: number, totals: Totals): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'webserv-invariants-'));
  await chmod(directory, 0o755);
  try {
    await trySitesIn(directory, seed, first, count, totals);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function trySitesIn(
  directory: string,
  seed: number,
  first: number,
  count: number,
  totals: Totals,
): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  const owner = isRoot ? await idOf(WORKER_USER) : undefined;
  const placed = Array.from({ length: count }, (_, index): [World, WorldPlace] => {
    const number = first + index;
    const place = { directory: join(directory, `site-${number}`), socket: join(directory, `${number}.sock`) };
    return [siteOf(seed, number), place];
  });
  for (const [site, place] of placed) await writeTree(place.directory, site.tree, owner);
  const files = {
    passwords: join(directory, 'passwords'),
    configuration: join(directory, 'webserv.conf'),
    log: join(directory, 'access.log'),
  };
  await writeFile(files.passwords, PASSWORDS);
  const server = { directory, user: isRoot ? WORKER_USER : undefined, passwords: files.passwords };
  const configuration = webservConfiguration(placed, server);
  await writeFile(
    files.configuration,
    configuration.replace('access_log off;', `access_log ${files.log} json;`),
  );
  const before = totals.requests;
  {
    await using command = await webserv(['--config', files.configuration], /\.sock/);
    await Promise.all(placed.map(([site, { socket }]) => trySite(seed, site, socket, totals)));
    await command.end('SIGTERM');
  }
  const sent = totals.requests - before;
  const lines = (await readFile(files.log, 'utf8')).split('\n').length - 1;
  const counted = linesCounted(await readFile(join(directory, 'webserv-error.log'), 'utf8'));
  if (lines + counted !== sent) {
    const logged = `${lines} lines and ${counted} counted`;
    totals.findings.add(
      'the access log does not have one line per request',
      `seed ${seed}: ${sent} requests, ${logged}`,
    );
  }
}

/** Rejected requests beyond 50 per second are only counted, in the error log. */
function linesCounted(errorLog: string): number {
  const counts = errorLog.matchAll(/access_log: (\d+) rejected requests were not logged/g);
  return Array.from(counts, ([, count]) => Number(count)).reduce((sum, count) => sum + count, 0);
}

async function trySite(seed: number, site: World, socket: string, totals: Totals): Promise<void> {
  const random = new Random(seed, site.number * 2 + 1);
  const send = (request: Request): ReturnType<typeof ask> => {
    totals.requests += 1;
    return ask(socket, request);
  };
  totals.sites += 1;
  for (let index = 0; index < REQUESTS_PER_SITE; index += 1) {
    const request = generateRequest(random, site);
    const answer = await send(request);
    totals.statuses.add(answer.status);
    if (answer.content.includes('RAN ')) totals.ran += 1;
    const hasPassword = request.fields.some(([name, value]) => name === 'Authorization' && value === USER);
    const found = [...violationsOf(site.servers[0], hasPassword, answer)];
    if (request.method === 'GET') {
      // Range is defined for GET only (RFC 9110 §14.2).
      const whole = { ...request, fields: request.fields.filter(([name]) => name !== 'Range') };
      found.push(...headDifferences(await send(whole), await send({ ...whole, method: 'HEAD' })));
    }
    const where = `site ${site.number} of seed ${seed}, ${answer.status} to`;
    for (const problem of found)
      totals.findings.add(problem, `${where} ${JSON.stringify(requestText(request))}`);
  }
}
