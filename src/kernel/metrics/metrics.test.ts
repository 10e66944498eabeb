import { expect, it } from 'vitest';
import { MetricsRegistry, summed } from './metrics.js';

it('label values beyond the limit are counted together', () => {
  const registry = new MetricsRegistry();
  const counter = registry.counter({ name: 'a_total', help: '', labels: ['x'] });
  for (let index = 0; index < 5000; index += 1) counter.add(1, String(index));
  counter.add(1, '7');
  const [family] = registry.families();
  expect(family?.samples.length).toBe(2001);
  expect(family?.samples.find(({ labels }) => labels[0] === '')?.value).toBe(3000);
  expect(family?.samples.find(({ labels }) => labels[0] === '7')?.value).toBe(2);
});

it('a histogram counts a value in the first bucket whose bound it does not exceed', () => {
  const registry = new MetricsRegistry();
  const histogram = registry.histogram({ name: 'h', help: '', buckets: [1, 2] });
  for (const value of [0.5, 1, 1.5, 2, 3, 4]) histogram.observe(value);
  expect(registry.families()[0]?.samples).toEqual([{ labels: [], value: 12, counts: [2, 2, 2] }]);
});

it('a metric without labels has a value before anything is counted', () => {
  const registry = new MetricsRegistry();
  registry.counter({ name: 'a_total', help: '' });
  registry.histogram({ name: 'h', help: '', buckets: [1] });
  registry.counter({ name: 'b_total', help: '', labels: ['x'] });
  expect(registry.families().map(({ samples }) => samples)).toEqual([
    [{ labels: [], value: 0 }],
    [{ labels: [], value: 0, counts: [0, 0] }],
    [],
  ]);
});

it('a metric that another version of a plugin describes differently is not added', () => {
  const of = (buckets: readonly number[]) => {
    const registry = new MetricsRegistry();
    registry.histogram({ name: 'h', help: '', buckets }).observe(1);
    return registry.families();
  };
  const [family] = summed([...of([1]), ...of([1, 2]), ...of([1])]);
  expect(family?.samples).toEqual([{ labels: [], value: 2, counts: [2, 0] }]);
});

it('a gauge may be the smallest value of the processes', () => {
  const of = (value: number) => {
    const registry = new MetricsRegistry();
    registry.gauge({ name: 'g', help: 'g', merged: 'min' }, () => value);
    return registry.families();
  };
  const [family] = summed([...of(3), ...of(-1), ...of(2)]);
  expect(family?.samples).toEqual([{ labels: [], value: -1 }]);
});

it('the same metric of several processes is summed, label by label', () => {
  const of = (status: string, value: number) => {
    const registry = new MetricsRegistry();
    registry.counter({ name: 'r_total', help: 'r', labels: ['status'] }).add(value, status);
    registry.gauge({ name: 'g', help: 'g' }, () => value);
    registry.histogram({ name: 'h', help: 'h', buckets: [1] }).observe(value);
    return registry.families();
  };
  const all = summed([...of('200', 1), ...of('200', 2), ...of('404', 4)]);
  expect(all.map(({ name, samples }) => [name, samples])).toEqual([
    [
      'r_total',
      [
        { labels: ['200'], value: 3 },
        { labels: ['404'], value: 4 },
      ],
    ],
    ['h', [{ labels: [], value: 7, counts: [1, 2] }]],
    ['g', [{ labels: [], value: 7 }]],
  ]);
});
