import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type HasDeadline, Timeouts } from './timeouts.js';

const TICK_MS = 20;

function clock(): { clock: Timeouts; failures: unknown[] } {
  const failures: unknown[] = [];
  const made = new Timeouts({ tickMs: TICK_MS, failed: (error) => failures.push(error) });
  onTestFinished(() => made.stop());
  return { clock: made, failures };
}

/** Expires once, and records how late that was. */
class Once implements HasDeadline {
  deadline: number;
  readonly #due: number;
  readonly #late: number[];

  constructor(deadline: number, late: number[]) {
    this.deadline = deadline;
    this.#due = deadline;
    this.#late = late;
  }

  expire(): void {
    this.#late.push(performance.now() - this.#due);
    this.deadline = Number.POSITIVE_INFINITY;
  }
}

describe('a timeout', () => {
  test('is never early, regardless of its start, and at most one tick late', async () => {
    const { clock: timeouts } = clock();
    const late: number[] = [];
    /** The same for timers of Node, which a busy machine delays as well. */
    const timersLate: number[] = [];
    for (let round = 0; round < 40; round += 1) {
      const waitMs = (round * 7) % 53;
      const began = performance.now();
      timeouts.watch(new Once(timeouts.now + waitMs, late));
      setTimeout(() => timersLate.push(performance.now() - began - waitMs), waitMs);
      expect(timeouts.now).toBeGreaterThanOrEqual(began);
      await sleep(3);
    }
    await expect.poll(() => late.length + timersLate.length).toBe(80);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    const median = (times: readonly number[]): number => times.toSorted((one, other) => one - other)[20] ?? 0;
    expect(median(late) - median(timersLate)).toBeLessThan(3 * TICK_MS);
  });

  test('is not early when the process was busy before it began', async () => {
    const { clock: timeouts } = clock();
    const late: number[] = [];
    await sleep(2 * TICK_MS);
    for (const end = performance.now() + 5 * TICK_MS; performance.now() < end; );
    timeouts.watch(new Once(timeouts.now + 2 * TICK_MS, late));
    await expect.poll(() => late.length).toBe(1);
    expect(late[0]).toBeGreaterThanOrEqual(0);
  });

  test('that throws does not prevent the others from expiring', async () => {
    const { clock: timeouts, failures } = clock();
    const late: number[] = [];
    timeouts.watch(new Once(timeouts.now, late));
    const failing = {
      deadline: timeouts.now,
      expire(): void {
        this.deadline = Number.POSITIVE_INFINITY;
        throw new Error('on purpose');
      },
    };
    timeouts.watch(failing);
    timeouts.watch(new Once(timeouts.now, late));
    await expect.poll(() => late.length).toBe(2);
    expect(failures).toEqual([expect.objectContaining({ message: 'on purpose' })]);
  });
});
