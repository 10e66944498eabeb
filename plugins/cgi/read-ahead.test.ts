import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DiskBudget } from './disk-budget.js';
import { ReadAhead } from './read-ahead.js';

const KIB = 1024;

const MIB = 1024 * KIB;
const random = randomBytes(2 * MIB);

/** Pieces of the given sizes with known bytes. */
async function* pieces(sizes: readonly number[], given: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const size of sizes) {
    const start = (given.length * 7919) % MIB;
    const piece = random.subarray(start, start + size);
    given.push(piece);
    yield piece;
  }
}

/** Whether the pieces together are the same bytes. They are compared where they are: there may be 100 MB of them. */
function areSame(some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  const left = [...others];
  for (let piece of some) {
    while (piece.length > 0) {
      const other = left.shift();
      if (other === undefined) return false;
      const length = Math.min(piece.length, other.length);
      if (Buffer.compare(piece.subarray(0, length), other.subarray(0, length)) !== 0) return false;
      piece = piece.subarray(length);
      if (length < other.length) left.unshift(other.subarray(length));
    }
  }
  return left.every(({ length }) => length === 0);
}

describe('output that is read ahead', () => {
  const sizes = Array.from({ length: 150 }, (_, at) => 1 + ((at * 7919) % (200 * KIB)));

  it.each([
    ['as fast as it comes', 0, 1024 * MIB],
    ['slowly, through the disk', 2, 1024 * MIB],
    ['slowly, with little room on the disk', 2, 300 * KIB],
    ['slowly, with no room on the disk', 1, 0],
  ])('arrives whole and in order, read %s', async (_, delay, room) => {
    const given: Uint8Array[] = [];
    const budget = new DiskBudget(room);
    const taken: Uint8Array[] = [];
    for await (const piece of new ReadAhead(pieces(sizes, given), { budget, stalled: () => {} })) {
      taken.push(piece);
      if (delay > 0 && taken.length % 10 === 0) await sleep(delay);
    }
    expect(areSame(taken, given)).toBe(true);
    expect(budget.left).toBe(room);
  });

  it('does not keep its source waiting for a reader, up to a bound, and goes round in its file', async () => {
    const given: Uint8Array[] = [];
    const budget = new DiskBudget();
    const stalls: boolean[] = [];
    const many = Array.from({ length: 100 }, () => MIB);
    const ahead = new ReadAhead(pieces(many, given), { budget, stalled: (is) => stalls.push(is) });
    const taken: Uint8Array[] = [];
    const take = async (): Promise<void> => {
      const { value } = await ahead.next();
      if (value !== undefined) taken.push(value);
    };
    await take();
    await expect.poll(() => stalls.at(-1)).toBe(true);
    expect(given.length).toBeGreaterThanOrEqual(64);
    expect(given.length).toBeLessThan(70);
    expect(budget.left).toBe(960 * MIB);
    for await (const piece of ahead) taken.push(piece);
    expect(given).toHaveLength(100);
    expect(areSame(taken, given)).toBe(true);
    expect(budget.left).toBe(1024 * MIB);
  });

  it('passes what is there before the error of its source', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('some');
      throw new Error('on purpose');
    }
    const ahead = new ReadAhead(failing(), { budget: new DiskBudget(), stalled: () => {} });
    expect(await ahead.next()).toEqual({ done: false, value: Buffer.from('some') });
    await expect(ahead.next()).rejects.toThrow('on purpose');
  });

  it('leaves nothing behind when its reader goes', async () => {
    const budget = new DiskBudget();
    const given: Uint8Array[] = [];
    const ahead = new ReadAhead(pieces(sizes, given), { budget, stalled: () => {} });
    await ahead.next();
    await sleep(50);
    await ahead.return();
    await expect.poll(() => budget.left).toBe(1024 * MIB);
  });
});
