import { expect, it } from 'vitest';
import type { Run } from './runs.js';
import { line } from './verdict.js';

/**
 * The run at its short length; it throws, with all its figures, when a bound does not hold.
 * @param isMissing the program it needs is not installed
 */
export function comesThrough({ name, short }: Run, isMissing = false): void {
  it.skipIf(isMissing)(name, { timeout: 90_000 }, async () => {
    const figures = await short();
    console.log([name, ...figures.map(line)].join('\n'));
    expect(figures.length).toBeGreaterThan(0);
  });
}
