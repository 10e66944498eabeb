import { parseArgs } from 'node:util';
import type { Extent } from './run.js';

export interface RunOptions {
  readonly seed: number;
  readonly extent: Extent;
  /** Number of the generated configuration to show instead of running. */
  readonly show: number | undefined;
}

/**
 * Reads the command line of a run over generated configurations.
 * @param showing name of the option that shows one of them
 * @returns undefined when the usage has to be shown
 */
export function readRunOptions(showing: string): RunOptions | undefined {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      sites: { type: 'string', default: 'Infinity' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
      [showing]: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const seed = Number(values.seed);
  const seconds = Number(values.seconds);
  const sites = Number(values.sites);
  const shown = values[showing];
  if (values.help || !Number.isInteger(seed)) return undefined;
  return { seed, extent: { seconds, sites }, show: shown === undefined ? undefined : Number(shown) };
}
