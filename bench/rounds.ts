import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProbeResponse } from './probe.js';
import type { Contender, Prepared, Sample, Scenario, Timing } from './scenario.js';
import { freePort } from './server.js';
import { PLAIN_SITE, type Programs } from './site.js';

export interface Surroundings {
  /** The directory with the files that all servers share, and with a subdirectory for each server. */
  readonly directory: string;
  readonly programs: Programs;
  readonly timing: Timing;
  readonly accessLog: boolean;
}

export interface ContenderResult {
  readonly name: string;
  readonly response: ProbeResponse | undefined;
  /** A sample for each round, in the order of the rounds. */
  readonly samples: readonly Sample[];
}

export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly contenders: readonly ContenderResult[];
}

interface Ready {
  readonly contender: Contender;
  readonly directory: string;
  readonly prepared: Prepared;
}

/**
 * Measures the contenders in turn, A B C A B C, so that a temporary disturbance affects all of them.
 * @throws Error when a server's response is wrong, or differs from the others'
 */
export async function runScenario(
  scenario: Scenario,
  contenders: readonly Contender[],
  surroundings: Surroundings,
): Promise<ScenarioResult> {
  const ready: Ready[] = [];
  try {
    for (const contender of contenders) ready.push(await prepare(scenario, contender, surroundings));
    requireAlike(scenario, ready);
    const samples = new Map<Ready, Sample[]>(ready.map((one) => [one, []]));
    const rounds = Math.min(surroundings.timing.rounds, scenario.maxRounds ?? Number.POSITIVE_INFINITY);
    for (let round = 0; round < rounds; round += 1) {
      for (const one of ready) samples.get(one)?.push(await one.prepared.measure());
    }
    return {
      scenario,
      contenders: ready.map((one) => ({
        name: one.contender.name,
        response: one.prepared.response,
        samples: samples.get(one) ?? [],
      })),
    };
  } finally {
    for (const { prepared, directory } of ready) {
      await prepared.end();
      await rm(directory, { recursive: true, force: true });
    }
  }
}

async function prepare(
  scenario: Scenario,
  contender: Contender,
  { directory: content, programs, timing, accessLog }: Surroundings,
): Promise<Ready> {
  const directory = await mkdtemp(join(content, 'server-'));
  await chmod(directory, 0o755);
  await mkdir(join(directory, 'store'));
  const site = {
    port: await freePort(),
    content,
    directory,
    programs,
    shape: { ...PLAIN_SITE, accessLog, ...contender.shape },
  };
  return { contender, directory, prepared: await scenario.workload(contender.peer, site, timing) };
}

/**
 * Checks that all responses have the same body, or at least the same status.
 * @throws Error
 */
function requireAlike({ alike }: Scenario, ready: readonly Ready[]): void {
  const seen = new Set(
    ready.map(({ prepared: { response } }) => (alike === 'content' ? response?.bodyHash : undefined)),
  );
  const statuses = new Set(ready.map(({ prepared: { response } }) => response?.status));
  if (seen.size <= 1 && statuses.size <= 1) return;
  const responses = ready.map(
    ({ contender, prepared: { response } }) =>
      `${contender.name}: ${response?.status}, ${response?.bodyBytes} bytes`,
  );
  throw new Error(`the responses of the servers differ (${responses.join('; ')})`);
}
