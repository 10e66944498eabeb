import { describe, expect, test } from 'vitest';
import { FairQueue } from './fair-queue.js';

const none = (): number => 0;

function all<Work>(queue: FairQueue<Work>): Work[] {
  const works: Work[] = [];
  for (let work = queue.shift(); work !== undefined; work = queue.shift()) works.push(work);
  return works;
}

test('clients take turns, each in the order it asked', () => {
  const queue = new FairQueue<string>(10, 5, none);
  for (const work of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) queue.push(work.slice(0, 1), work);
  expect(all(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
});

test('the clients with the fewest misses come first', () => {
  const misses = new Map([
    ['a', 3],
    ['b', 1],
  ]);
  const queue = new FairQueue<string>(10, 5, (client) => misses.get(client) ?? 0);
  for (const work of ['a1', 'b1', 'b2', 'c1']) queue.push(work.slice(0, 1), work);
  expect(all(queue)).toEqual(['c1', 'b1', 'b2', 'a1']);
});

test('a client has a bounded line', () => {
  const queue = new FairQueue<number>(5, 3, none);
  expect([1, 2, 3, 4].map((work) => queue.push('a', work))).toEqual([undefined, undefined, undefined, 4]);
  expect(all(queue)).toEqual([1, 2, 3]);
});

describe('when the queue is full', () => {
  test('the longest line loses its newest work', () => {
    const queue = new FairQueue<string>(5, 4, none);
    for (const work of ['a1', 'a2', 'a3', 'b1', 'b2']) queue.push(work.slice(0, 1), work);
    expect(queue.push('c', 'c1')).toBe('a3');
    expect(queue.push('a', 'a4')).toBe('a4');
    expect(queue.push('c', 'c2')).toBe('c2');
    expect(all(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2']);
  });

  test('a client without misses gets a place among lines of one, and without a place to give it gets none', () => {
    const guessers = new Set(['a', 'b', 'c']);
    const queue = new FairQueue<string>(3, 4, (client) => (guessers.has(client) ? 33 : 0));
    for (const work of ['a1', 'b1', 'c1']) queue.push(work.slice(0, 1), work);
    expect(queue.push('d', 'd1')).toBe('a1');
    expect(queue.push('a', 'a2')).toBe('a2');
    expect(all(queue)).toEqual(['d1', 'b1', 'c1']);
  });

  test('a crowd of any size leaves room for one more, in a moment', () => {
    const misses = new Map<string, number>();
    const queue = new FairQueue<string>(256, 32, (client) => misses.get(client) ?? 0);
    const start = performance.now();
    for (let round = 0; round < 33; round += 1) {
      for (let client = 0; client < 900; client += 1) {
        const lost = queue.push(String(client), String(client));
        if (lost !== undefined) misses.set(lost, (misses.get(lost) ?? 0) + 1);
      }
    }
    expect(performance.now() - start).toBeLessThan(5000);
    expect(queue.push('right', 'right')).not.toBe('right');
    expect(queue.shift()).toBe('right');
  });
});
