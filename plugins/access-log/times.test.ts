import { describe, expect, onTestFinished, test } from 'vitest';
import { isoSecond, oncePerSecond, timeLocal } from './times.js';

function zone(name: string): void {
  const before = process.env.TZ;
  process.env.TZ = name;
  onTestFinished(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });
}

describe('a time', () => {
  const noon = new Date(Date.UTC(2000, 9, 10, 20, 55, 36));

  test.each([
    ['UTC', '10/Oct/2000:20:55:36 +0000'],
    ['America/Los_Angeles', '10/Oct/2000:13:55:36 -0700'],
    ['Asia/Kolkata', '11/Oct/2000:02:25:36 +0530'],
    ['America/St_Johns', '10/Oct/2000:18:25:36 -0230'],
  ])('in %s is %s', (name, expected) => {
    zone(name);
    expect(timeLocal(noon)).toBe(expected);
  });

  test('in JSON is UTC in every zone', () => {
    zone('Asia/Kolkata');
    expect(isoSecond(noon)).toBe('2000-10-10T20:55:36');
  });

  test('is made once a second, and right when the clock is set back', () => {
    let made = 0;
    const seconds = oncePerSecond((date) => {
      made += 1;
      return String(date.getTime());
    });
    expect([5000, 5001, 5999, 6000, 5999].map(seconds)).toEqual(['5000', '5000', '5000', '6000', '5000']);
    expect(made).toBe(3);
  });
});
