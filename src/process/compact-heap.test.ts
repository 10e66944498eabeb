import { expect, it } from 'vitest';
import { compactHeap } from './compact-heap.js';

const MIB = 1024 * 1024;

it('returns the pages of a large heap that is mostly garbage to the system, and keeps what is alive', () => {
  const kept: number[][] = [];
  // Live long enough to leave the young generation; then one of twenty stays.
  let all: number[][] = [];
  for (let index = 0; index < 300_000; index += 1) all.push(new Array<number>(64).fill(index));
  for (let index = 0; index < all.length; index += 20) kept.push(all[index] ?? []);
  all = [];
  const before = process.memoryUsage().heapTotal;
  compactHeap();
  const after = process.memoryUsage().heapTotal;
  expect(before).toBeGreaterThan(128 * MIB);
  expect(after).toBeLessThan(before * 0.7);
  expect(kept[10_000]?.[63]).toBe(200_000);
  expect(globalThis).not.toHaveProperty('gc');
});
