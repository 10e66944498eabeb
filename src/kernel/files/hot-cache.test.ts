import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { HotCache } from './hot-cache.js';

const options = { validMs: 10_000, threshold: 3, maxKeys: 4 };

function getOften(hot: HotCache<string>, key: string, times: number): (string | undefined)[] {
  return Array.from({ length: times }, () => {
    const found = hot.get(key);
    if (found === undefined) hot.set(key, 'made', performance.now());
    return found;
  });
}

it('caches a value once its key was requested often enough', () => {
  expect(getOften(new HotCache(options), 'a', 5)).toEqual([undefined, undefined, undefined, 'made', 'made']);
});

it('expire() drops cached values; values computed later are cached', () => {
  const hot = new HotCache<string>(options);
  getOften(hot, 'a', 4);
  const before = performance.now();
  hot.expire();
  expect(hot.get('a')).toBeUndefined();
  hot.set('a', 'old', before - 1);
  expect(hot.get('a')).toBeUndefined();
  hot.set('a', 'new', performance.now() + 1);
  expect(hot.get('a')).toBe('new');
});

it('a value expires after validMs, and a hot key is cached again immediately', async () => {
  const hot = new HotCache<string>({ ...options, validMs: 100 });
  expect(getOften(hot, 'a', 4).at(-1)).toBe('made');
  await sleep(120);
  expect(getOften(hot, 'a', 2)).toEqual([undefined, 'made']);
});

it('counts a bounded number of keys', () => {
  const hot = new HotCache<string>(options);
  getOften(hot, 'a', 4);
  for (const key of ['b', 'c', 'd', 'e']) hot.get(key);
  expect(hot.get('a')).toBeUndefined();
});
