import { describe } from 'vitest';
import { deploys, runs } from './runs.js';
import { comesThrough } from './short-run.js';

// One after the other: each needs the machine for itself to be measured.
describe('the server comes through', () => {
  for (const run of runs) if (run !== deploys) comesThrough(run);
});
