import { expect, it } from 'vitest';
import type { Run } from './runs.js';
import { line } from './verdict.js';

/**
 * Runs at the short length. Throws, with all figures, when a bound does not hold.
 * @param isMissing whether the program it needs is not installed
 */
export function comesThrough({ name, short }: Run, isMissing = false): void {
  it.skipIf(isMissing)(name, { timeout: 90_000 }, async () => {
    const figures = await short();
    console.log([name, ...figures.map(line)].join('\n'));
    expect(figures.length).toBeGreaterThan(0);
  });
}
