import { spawnSync } from 'node:child_process';
import { describe } from 'vitest';
import { deploys, type Run, runs } from './runs.js';
import { comesThrough } from './short-run.js';

/** In CI no run may be skipped. */
function isMissing({ program }: Run): boolean {
  return program !== undefined && process.env.CI === undefined && spawnSync(program).error !== undefined;
}

// Sequential, since each needs the whole machine to be measured.
describe('the server withstands', () => {
  for (const run of runs) if (run !== deploys) comesThrough(run, isMissing(run));
});
