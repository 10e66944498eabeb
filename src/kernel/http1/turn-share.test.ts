import { describe, expect, it } from 'vitest';
import { TurnShare } from './turn-share.js';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the share of a turn', () => {
  it('is there at once up to its bound, then in the turns that follow, in order', async () => {
    const share = new TurnShare(100);
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

  it('is whole again in the next turn', async () => {
    const share = new TurnShare(100);
    expect(share.take(1000)).toBeUndefined();
    expect(share.take(1)).toBeInstanceOf(Promise);
    await nextTurn();
    await nextTurn();
    expect(share.take(1000)).toBeUndefined();
  });
});
