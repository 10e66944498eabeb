import { spawnSync } from 'node:child_process';
import { describe } from 'vitest';
import { deploys, type Run, runs } from './runs.js';
import { comesThrough } from './short-run.js';

/** Where CI is set nothing may be left out. */
function isMissing({ program }: Run): boolean {
  return program !== undefined && process.env.CI === undefined && spawnSync(program).error !== undefined;
}

// One after the other: each needs the machine for itself to be measured.
describe('the server comes through', () => {
  for (const run of runs) if (run !== deploys) comesThrough(run, isMissing(run));
});
