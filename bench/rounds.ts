import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answer } from './probe.js';
import type { Contender, Prepared, Sample, Scenario, Timing } from './scenario.js';
import { freePort } from './server.js';
import { PLAIN_SITE, type Programs } from './site.js';

export interface Surroundings {
  /** The directory with the files that all servers share, and with a subdirectory for each server. */
  readonly folder: string;
  readonly programs: Programs;
  readonly timing: Timing;
  readonly accessLog: boolean;
}

export interface ContenderResult {
  readonly name: string;
  readonly answer: Answer | undefined;
  /** A sample for each round, in the order of the rounds. */
  readonly samples: readonly Sample[];
}

export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly contenders: readonly ContenderResult[];
}

interface Ready {
  readonly contender: Contender;
  readonly folder: string;
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
        answer: one.prepared.answer,
        samples: samples.get(one) ?? [],
      })),
    };
  } finally {
    for (const { prepared, folder } of ready) {
      await prepared.end();
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function prepare(
  scenario: Scenario,
  contender: Contender,
  { folder: content, programs, timing, accessLog }: Surroundings,
): Promise<Ready> {
  const folder = await mkdtemp(join(content, 'server-'));
  await chmod(folder, 0o755);
  await mkdir(join(folder, 'store'));
  const site = {
    port: await freePort(),
    content,
    folder,
    programs,
    shape: { ...PLAIN_SITE, accessLog, ...contender.shape },
  };
  return { contender, folder, prepared: await scenario.workload(contender.peer, site, timing) };
}

/**
 * Checks that all responses have the same body, or at least the same status.
 * @throws Error
 */
function requireAlike({ alike }: Scenario, ready: readonly Ready[]): void {
  const seen = new Set(
    ready.map(({ prepared: { answer } }) => (alike === 'content' ? answer?.bodyHash : undefined)),
  );
  const statuses = new Set(ready.map(({ prepared: { answer } }) => answer?.status));
  if (seen.size <= 1 && statuses.size <= 1) return;
  const answers = ready.map(
    ({ contender, prepared: { answer } }) =>
      `${contender.name}: ${answer?.status}, ${answer?.bodyBytes} bytes`,
  );
  throw new Error(`the servers do not answer alike (${answers.join('; ')})`);
}
