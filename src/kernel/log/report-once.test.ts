import { expect, it } from 'vitest';
import { ReportOnce } from './report-once.js';

it('lets each report through once', () => {
  const once = new ReportOnce();
  const line = {};
  expect([once.take('a'), once.take('b'), once.take(line), once.take({}), once.take()]).not.toContain(false);
  expect([once.take('a'), once.take('b', Number.MAX_VALUE), once.take(line), once.take()]).not.toContain(
    true,
  );
});

it('lets it through again when the period has passed since the report that was written', () => {
  const once = new ReportOnce({ periodMs: 1000 });
  expect([0, 999, 1000, 1999, 2000].map((now) => once.take('a', now))).toEqual([
    true,
    false,
    true,
    false,
    true,
  ]);
});

it('lets it through again once it is forgotten', () => {
  const once = new ReportOnce();
  once.take('a');
  once.forget();
  expect(once.take('a')).toBe(true);
});

it('remembers a bounded number of reports and forgets the one written the longest ago', () => {
  const once = new ReportOnce({ periodMs: 10, max: 2 });
  once.take('a', 0);
  once.take('b', 1);
  once.take('a', 10);
  expect(once.take('c', 10)).toBe(true);
  expect(once.take('a', 10)).toBe(false);
  expect(once.take('b', 10)).toBe(true);
});
