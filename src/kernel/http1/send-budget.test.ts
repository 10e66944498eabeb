import { describe, expect, it } from 'vitest';
import { SendBudget } from './send-budget.js';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the send budget of a turn', () => {
  it('is available immediately up to its limit, then in later turns, in order', async () => {
    const share = new SendBudget(100);
    expect([share.take(60), share.take(60)]).toEqual([undefined, undefined]);
    const entered: number[] = [];
    for (const number of [1, 2, 3, 4, 5]) void share.take(60)?.then(() => entered.push(number));
    await Promise.resolve();
    expect(entered).toEqual([]);
    await nextTurn();
    expect(entered).toEqual([1, 2]);
    await nextTurn();
    await nextTurn();
    expect(entered).toEqual([1, 2, 3, 4, 5]);
  });

  it('is full again in the next turn', async () => {
    const share = new SendBudget(100);
    expect(share.take(1000)).toBeUndefined();
    expect(share.take(1)).toBeInstanceOf(Promise);
    await nextTurn();
    await nextTurn();
    expect(share.take(1000)).toBeUndefined();
  });
});
