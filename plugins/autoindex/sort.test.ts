import { describe, expect, test } from 'vitest';
import { Slice } from './slice.js';
import { FirstInOrder, sorted } from './sort.js';

const slice = (): Slice => new Slice(new AbortController().signal);
const byNumber = (one: number, other: number): number => one - other;
/** Unsorted numbers, the same on every run. */
const numbers = (count: number): number[] =>
  Array.from({ length: count }, (_, index) => (index * 2_654_435_761) % 65_521);

describe('sorting in slices', () => {
  test.each([0, 1, 2, 63, 64, 65, 128, 129, 1000, 5000])('%d items', async (count) => {
    const items = numbers(count);
    expect(await sorted(items, byNumber, slice())).toEqual(items.toSorted(byNumber));
  });

  test('keeps equal items in the order they came', async () => {
    const items = Array.from({ length: 1000 }, (_, index) => ({ key: index % 3, index }));
    const byKey = (one: { key: number }, other: { key: number }): number => one.key - other.key;
    expect(await sorted(items, byKey, slice())).toEqual(items.toSorted(byKey));
  });

  test('lets the event loop turn', async () => {
    const slow = (one: number, other: number): number => {
      for (const until = performance.now() + 0.01; performance.now() < until; );
      return one - other;
    };
    let turns = 0;
    const count = setInterval(() => {
      turns += 1;
    }, 1);
    await sorted(numbers(2000), slow, slice()); // 200 ms of work
    clearInterval(count);
    expect(turns).toBeGreaterThan(10);
  });

  test('stops when nobody wants the result any more', async () => {
    const abort = new AbortController();
    const slow = (one: number, other: number): number => {
      for (const until = performance.now() + 0.01; performance.now() < until; );
      return one - other;
    };
    const result = sorted(numbers(100_000), slow, new Slice(abort.signal));
    setTimeout(() => abort.abort(new Error('left')), 20);
    const begun = performance.now();
    await expect(result).rejects.toThrow('left');
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});

describe('the first in order', () => {
  test.each([1, 10, 99, 100, 101, 5000])('of many: %d', async (limit) => {
    const items = numbers(100);
    const first = new FirstInOrder(limit, byNumber, slice());
    for (const item of items) await first.add(item);
    expect(await first.result()).toEqual({
      items: items.toSorted(byNumber).slice(0, limit),
      complete: limit >= items.length,
    });
  });

  test('that come in their order, or in the opposite one', async () => {
    for (const items of [numbers(500).sort(byNumber), numbers(500).sort((a, b) => b - a)]) {
      const first = new FirstInOrder(7, byNumber, slice());
      for (const item of items) await first.add(item);
      expect((await first.result()).items).toEqual(items.toSorted(byNumber).slice(0, 7));
    }
  });
});
