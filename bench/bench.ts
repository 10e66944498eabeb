import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Comparison, compare } from './comparison.js';
import { findPrograms, makeContent } from './content.js';
import { settleOnClientCore, versionOf } from './machine.js';
import { peers } from './peers/index.js';
import { webserv } from './peers/webserv.js';
import { runScenario, type Surroundings } from './rounds.js';
import type { Contender, Scenario, Timing } from './scenario.js';

const LOAD_GENERATOR = 'wrk';

/** The programs that can be compared on this machine. */
export interface Installed {
  /** Version of each program, by name. */
  readonly versions: ReadonlyMap<string, string>;
  /** Reasons why requested programs are not compared. */
  readonly missing: readonly string[];
}

/** @throws Error for an unknown peer, and when webserv has not been built */
export async function findInstalled(names: readonly string[]): Promise<Installed> {
  const versions = new Map<string, string>();
  const missing: string[] = [];
  const note = (name: string, version: string | undefined): void => {
    if (version === undefined) missing.push(`${name} is not installed`);
    else versions.set(name, version);
  };
  note(LOAD_GENERATOR, await versionOf(LOAD_GENERATOR, '-v'));
  for (const name of [webserv.name, ...names]) {
    const peer = peers.find((candidate) => candidate.name === name);
    if (peer === undefined)
      throw new Error(`"${name}" is not one of ${peers.map((one) => one.name).join(', ')}`);
    note(name, await peer.version());
  }
  return { versions, missing };
}

export interface BenchOptions {
  readonly scenarios: readonly Scenario[];
  readonly installed: Installed;
  readonly timing: Timing;
  readonly accessLog: boolean;
}

/** The result of a scenario. */
export type Outcome =
  | { readonly kind: 'compared'; readonly comparison: Comparison; readonly leftOut: readonly string[] }
  | { readonly kind: 'left out'; readonly scenario: Scenario; readonly reason: string }
  | { readonly kind: 'failed'; readonly scenario: Scenario; readonly reason: string };

/**
 * Runs the scenarios one after the other, and yields each outcome as soon as it is known.
 * @throws Error when nothing can be compared
 */
export async function* bench(options: BenchOptions): AsyncGenerator<Outcome> {
  if (!options.installed.versions.has(LOAD_GENERATOR)) throw new Error(`${LOAD_GENERATOR} is not installed`);
  await settleOnClientCore();
  const directory = await mkdtemp(join(tmpdir(), 'webserv-bench-'));
  try {
    // Some servers give up root's rights, and must still be able to read the files.
    await chmod(directory, 0o755);
    const programs = await findPrograms();
    await makeContent(directory, programs);
    const { timing, accessLog, installed, scenarios } = options;
    const surroundings: Surroundings = { directory, programs, timing, accessLog };
    for (const scenario of scenarios) yield await run(scenario, installed, surroundings);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function run(scenario: Scenario, installed: Installed, surroundings: Surroundings): Promise<Outcome> {
  const { file } = scenario;
  if (file !== undefined && !existsSync(join(surroundings.directory, file)))
    return { kind: 'left out', scenario, reason: `nothing here makes or runs ${file}` };
  const contenders: Contender[] = [];
  const leftOut: string[] = [];
  for (const contender of scenario.contenders) {
    const { name, features } = contender.peer;
    const lacking = scenario.needs.filter((feature) => !features.has(feature));
    if (!installed.versions.has(name)) continue;
    if (lacking.length === 0) contenders.push(contender);
    else leftOut.push(`${scenario.name}: ${name} has no ${lacking.join(', ')}`);
  }
  try {
    const result = await runScenario(scenario, contenders, surroundings);
    return { kind: 'compared', comparison: compare(result), leftOut };
  } catch (error) {
    return { kind: 'failed', scenario, reason: error instanceof Error ? error.message : String(error) };
  }
}
