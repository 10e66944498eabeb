import { describe, expect, it } from 'vitest';
import { Slots } from './slots.js';

const stays = (): AbortSignal => new AbortController().signal;

/** Whether a promise has settled by the end of this turn of the event loop. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  const waiting = Symbol('waiting');
  const turn = new Promise((resolve) => setImmediate(() => resolve(waiting)));
  return (await Promise.race([promise.catch(() => undefined), turn])) !== waiting;
}

describe('slots', () => {
  it('are handed out up to the bound, then in the order asked for', async () => {
    const slots = new Slots(2, 16, 30_000);
    const [first, second] = [await slots.acquire(stays()), await slots.acquire(stays())];
    const third = slots.acquire(stays());
    const fourth = slots.acquire(stays());
    expect(await settled(third)).toBe(false);
    first();
    expect(await settled(third)).toBe(true);
    expect(await settled(fourth)).toBe(false);
    second();
    expect(await settled(fourth)).toBe(true);
  });

  it('are given back once, however often that is said', async () => {
    const slots = new Slots(1, 8, 30_000);
    const release = await slots.acquire(stays());
    const second = slots.acquire(stays());
    const third = slots.acquire(stays());
    release();
    release();
    expect(await settled(second)).toBe(true);
    expect(await settled(third)).toBe(false);
  });

  it('are refused with 503 and Retry-After at once when the queue is full', async () => {
    const slots = new Slots(1, 1, 30_000);
    const release = await slots.acquire(stays());
    const waiting = slots.acquire(stays());
    await expect(slots.acquire(stays())).rejects.toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
    });
    release();
    expect(await settled(waiting)).toBe(true);
  });

  it('are refused with 503 when the wait is over, and the place in the queue is free again', async () => {
    const slots = new Slots(1, 1, 20);
    const release = await slots.acquire(stays());
    await expect(slots.acquire(stays())).rejects.toMatchObject({ status: 503 });
    const next = slots.acquire(stays());
    release();
    expect(await settled(next)).toBe(true);
  });

  it('are not kept for a client that has left', async () => {
    const slots = new Slots(1, 1, 30_000);
    const release = await slots.acquire(stays());
    const client = new AbortController();
    const waiting = slots.acquire(client.signal);
    client.abort();
    await expect(waiting).rejects.toMatchObject({ status: 503 });
    const next = slots.acquire(stays());
    release();
    expect(await settled(next)).toBe(true);
    await expect(slots.acquire(AbortSignal.abort())).rejects.toMatchObject({ status: 503 });
  });
});
