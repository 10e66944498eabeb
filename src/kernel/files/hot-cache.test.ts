import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { HotCache } from './hot-cache.js';

const options = { validMs: 10_000, threshold: 3, maxKeys: 4 };

function asked(hot: HotCache<string>, key: string, times: number): (string | undefined)[] {
  return Array.from({ length: times }, () => {
    const found = hot.ask(key);
    if (found === undefined) hot.keep(key, 'made', performance.now());
    return found;
  });
}

it('keeps a value from the time it was asked for often enough', () => {
  expect(asked(new HotCache(options), 'a', 5)).toEqual([undefined, undefined, undefined, 'made', 'made']);
});

it('forgets when told that something changed, and keeps what is made later', () => {
  const hot = new HotCache<string>(options);
  asked(hot, 'a', 4);
  const before = performance.now();
  hot.expire();
  expect(hot.ask('a')).toBeUndefined();
  hot.keep('a', 'old', before - 1);
  expect(hot.ask('a')).toBeUndefined();
  hot.keep('a', 'new', performance.now() + 1);
  expect(hot.ask('a')).toBe('new');
});

it('keeps a value no longer than it is valid, and a hot key is hot again at once', async () => {
  const hot = new HotCache<string>({ ...options, validMs: 100 });
  expect(asked(hot, 'a', 4).at(-1)).toBe('made');
  await sleep(120);
  expect(asked(hot, 'a', 2)).toEqual([undefined, 'made']);
});

it('counts a bounded number of keys', () => {
  const hot = new HotCache<string>(options);
  asked(hot, 'a', 4);
  for (const key of ['b', 'c', 'd', 'e']) hot.ask(key);
  expect(hot.ask('a')).toBeUndefined();
});
