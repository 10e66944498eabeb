import { expect, test } from 'vitest';
import { FairQueue } from './fair-queue.js';

test('clients take turns, each in the order it asked', () => {
  const queue = new FairQueue<string>(10, 5);
  for (const work of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) queue.push(work.slice(0, 1), work);
  expect(Array.from({ length: 7 }, () => queue.shift())).toEqual([
    'a1',
    'b1',
    'c1',
    'a2',
    'b2',
    'a3',
    undefined,
  ]);
});

test('there is room for so many, and for so many of one client', () => {
  const queue = new FairQueue<number>(5, 3);
  expect([1, 2, 3, 4].map((work) => queue.push('a', work))).toEqual([true, true, true, false]);
  expect([1, 2, 3].map((work) => queue.push('b', work))).toEqual([true, true, false]);
  queue.shift();
  expect(queue.push('c', 1)).toBe(true);
});
