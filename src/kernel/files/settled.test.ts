import { afterEach, expect, it, vi } from 'vitest';
import { isSettled } from './settled.js';

afterEach(() => {
  vi.useRealTimers();
});

it('trusts a file that has not changed for a second, or for the time given', () => {
  vi.useFakeTimers({ now: 10_000 });
  expect([9001, 9000, 8999].map((ctimeMs) => isSettled(ctimeMs))).toEqual([false, true, true]);
  expect([8001, 8000].map((ctimeMs) => isSettled(ctimeMs, 2000))).toEqual([false, true]);
});

it('does not trust a file that changed in the future, by a clock that differs', () => {
  expect(isSettled(Date.now() + 60_000)).toBe(false);
});
