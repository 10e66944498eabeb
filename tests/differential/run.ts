import { Random } from '../fuzz/random.js';
import type { Answer } from '../wire/answers.js';
import { allowed, type Meeting } from './allowed.js';
import { differencesOf } from './compare.js';
import { ask, requestText } from './exchange.js';
import { Counts, Findings } from './findings.js';
import { generateRequest } from './generate-request.js';
import { generateWorld } from './generate-site.js';
import { hasStore, type Request, type World } from './model.js';
import { type PairedPlace, startPair } from './pair.js';
import { snapshotOf } from './tree.js';

const CONCURRENT_WORLDS = 10;
const REQUESTS_PER_WORLD = 150;

export interface Totals {
  worlds: number;
  requests: number;
  same: number;
  readonly statuses: Counts<number>;
  /** By row of the documentation. */
  readonly allowed: Counts<string>;
  readonly findings: Findings;
}

export const worldOf = (seed: number, number: number): World =>
  generateWorld(new Random(seed, number * 2), number);

/** Limits of a run, which ends at whichever is reached first. */
export interface Extent {
  readonly seconds: number;
  readonly sites: number;
}

/** Compares world after world, up to the limits. */
export async function run(seed: number, { seconds, sites }: Extent): Promise<Totals> {
  const totals: Totals = {
    worlds: 0,
    requests: 0,
    same: 0,
    statuses: new Counts(),
    allowed: new Counts(),
    findings: new Findings(),
  };
  const end = performance.now() + seconds * 1000;
  for (let first = 0; first < sites && performance.now() < end; first += CONCURRENT_WORLDS) {
    await compareWorlds(seed, first, CONCURRENT_WORLDS, totals);
  }
  return totals;
}

/** @param first number of the first world */
export async function compareWorlds(
  seed: number,
  first: number,
  count: number,
  totals: Totals,
): Promise<void> {
  const worlds = Array.from({ length: count }, (_, index) => worldOf(seed, first + index));
  await using pair = await startPair(worlds);
  const compare = async (world: World, index: number): Promise<void> => {
    const place = pair.places[index];
    if (place === undefined) throw new Error(`world ${world.number} has no place`);
    const areInStep = await compareWorld(seed, world, place, totals);
    if (areInStep) await compareFiles(seed, world, place, totals);
  };
  await Promise.all(worlds.map(compare));
}

/** @returns false when the files differ because of an allowed difference, so that they cannot be compared any more */
async function compareWorld(
  seed: number,
  world: World,
  place: PairedPlace,
  totals: Totals,
): Promise<boolean> {
  const random = new Random(seed, world.number * 2 + 1);
  totals.worlds += 1;
  for (let index = 0; index < REQUESTS_PER_WORLD; index += 1) {
    const request = generateRequest(random, world);
    const [nginx, webserv] = await askBoth(place, request);
    totals.requests += 1;
    totals.statuses.add(webserv.status);
    const differences = differencesOf(request, nginx, webserv);
    if (differences.length === 0) {
      totals.same += 1;
      continue;
    }
    const [theirs, ours] = await askBoth(place.bare, request);
    const bare = { nginx: theirs.status, webserv: ours.status };
    const meeting: Meeting = { world, request, differences, nginx, webserv, bare };
    const row = allowed.find(({ holds }) => holds(meeting))?.row;
    if (row !== undefined) totals.allowed.add(row);
    else totals.findings.add(kindOf(meeting), describe(seed, meeting));
    // nginx deletes as much of a directory as it can, even when it responds with an error.
    const changed = [nginx, webserv, theirs, ours].map(({ status }) => status < 300);
    const isInStep = request.method !== 'DELETE' && new Set(changed).size === 1;
    if (isWriting(request) && hasStore(world) && !isInStep) return false;
  }
  return true;
}

const isWriting = ({ method }: Request): boolean =>
  method === 'PUT' || method === 'DELETE' || method === 'POST';

function askBoth(
  { nginx, webserv }: Pick<PairedPlace, 'nginx' | 'webserv'>,
  request: Request,
): Promise<[nginx: Answer, webserv: Answer]> {
  return Promise.all([ask(nginx.socket, request), ask(webserv.socket, request)]);
}

/** Compares the files after PUT and DELETE, which must be the same too. */
async function compareFiles(seed: number, world: World, place: PairedPlace, totals: Totals): Promise<void> {
  const [theirs, ours] = [await snapshotOf(place.nginx.directory), await snapshotOf(place.webserv.directory)];
  for (const path of new Set([...theirs.keys(), ...ours.keys()])) {
    const [nginx, webserv] = [theirs.get(path), ours.get(path)];
    if (nginx === webserv) continue;
    const where = `world ${world.number} of seed ${seed}: ${path}`;
    totals.findings.add(
      'a file differs',
      `${where}: ${shown(nginx)} with nginx, ${shown(webserv)} with webserv`,
    );
  }
}

function kindOf({ request, bare, differences }: Meeting): string {
  return `${request.method} ${bare.nginx} ${bare.webserv}: ${differences.map(({ what }) => what).join(', ')}`;
}

function describe(seed: number, { world, request, differences, bare }: Meeting): string {
  return [
    `world ${world.number} of seed ${seed}; without error pages nginx ${bare.nginx}, webserv ${bare.webserv}`,
    JSON.stringify(requestText(request)),
    ...differences.map(
      ({ what, nginx, webserv }) => `  ${what}: nginx ${shown(nginx)}, webserv ${shown(webserv)}`,
    ),
  ].join('\n');
}

const shown = (text: string | undefined): string =>
  text === undefined ? 'nothing' : JSON.stringify(text.slice(0, 200));
