import { expect, test } from 'vitest';
import { Turns } from './turns.js';

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('those with one key take turns, in the order of asking; others do not wait', async () => {
  const turns = new Turns();
  const events: string[] = [];
  const work = (name: string) => async (): Promise<void> => {
    events.push(`${name} begins`);
    await pause();
    events.push(`${name} ends`);
  };
  await Promise.all([turns.take('a', work('1')), turns.take('a', work('2')), turns.take('b', work('3'))]);
  expect(events.slice(0, 2)).toEqual(['1 begins', '3 begins']);
  expect(events.indexOf('2 begins')).toBeGreaterThan(events.indexOf('1 ends'));
});

test('the next one’s turn comes also after a failure', async () => {
  const turns = new Turns();
  const failing = turns.take('a', async () => {
    throw new Error('no');
  });
  const next = turns.take('a', async () => 'yes');
  await expect(failing).rejects.toThrow('no');
  await expect(next).resolves.toBe('yes');
});
