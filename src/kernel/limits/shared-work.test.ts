import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { HttpError } from '../http/errors.js';
import { SharedWork } from './shared-work.js';

/** Work that ends when the test calls `end`. */
class Bench {
  begun: string[] = [];
  aborted: string[] = [];
  readonly #ends = new Map<string, () => void>();
  #working = 0;
  most = 0;

  readonly work =
    (name: string) =>
    async (signal: AbortSignal): Promise<string> => {
      this.begun.push(name);
      this.#working += 1;
      this.most = Math.max(this.most, this.#working);
      try {
        await new Promise<void>((resolve, reject) => {
          this.#ends.set(name, resolve);
          signal.addEventListener('abort', () => {
            this.aborted.push(name);
            reject(signal.reason);
          });
        });
      } finally {
        this.#working -= 1;
      }
      return name;
    };

  end(name: string): void {
    this.#ends.get(name)?.();
  }
}

const open = (): AbortSignal => new AbortController().signal;

describe('SharedWork', () => {
  it('is done once for all requests for the same key at the same time', async () => {
    const shared = new SharedWork<string>({ atOnce: 2, waiting: 2 });
    const bench = new Bench();
    const results = ['one', 'two', 'three'].map((name) => shared.do('key', bench.work(name), open()));
    await sleep(1);
    bench.end('one');
    expect(await Promise.all(results)).toEqual(['one', 'one', 'one']);
    const later = shared.do('key', bench.work('later'), open());
    await sleep(1);
    bench.end('later');
    expect(await later).toBe('later');
  });

  it('continues while one client stays, and stops when all have left', async () => {
    const shared = new SharedWork<string>({ atOnce: 1, waiting: 2 });
    const bench = new Bench();
    const clients = [new AbortController(), new AbortController()];
    const results = clients.map(({ signal }) => shared.do('key', bench.work('it'), signal).catch(String));
    await sleep(1);
    clients[0]?.abort();
    await sleep(1);
    expect(bench.aborted).toEqual([]);
    clients[1]?.abort();
    expect(await Promise.all(results)).toEqual(
      Array.from({ length: 2 }, () => expect.stringContaining('client left')),
    );
    expect(bench.aborted).toEqual(['it']);
    const next = shared.do('key', bench.work('next'), open());
    await sleep(1);
    bench.end('next');
    expect(await next).toBe('next');
  });

  it('limits running and waiting work: 503 with Retry-After beyond the limit', async () => {
    const shared = new SharedWork<string>({ atOnce: 2, waiting: 1 });
    const bench = new Bench();
    const names = ['a', 'b', 'c', 'd'];
    const results = names.map((name) => shared.do(name, bench.work(name), open()));
    const refused = await results[3]?.catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(HttpError);
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(bench.begun).toEqual(['a', 'b']);
    bench.end('a');
    await sleep(1);
    expect(bench.begun).toEqual(['a', 'b', 'c']);
    bench.end('b');
    bench.end('c');
    expect(await Promise.all(results.slice(0, 3))).toEqual(['a', 'b', 'c']);
    expect(bench.most).toBe(2);
  });

  it('is not joined after a change, and still runs once at a time per key', async () => {
    const shared = new SharedWork<string>({ atOnce: 5, waiting: 5 });
    const bench = new Bench();
    const results = ['old', 'new', 'newer'].map((name, index) => {
      return sleep(index * 5).then(() => {
        shared.expire();
        return shared.do('key', bench.work(name), open());
      });
    });
    await sleep(30);
    expect(bench.begun).toEqual(['old']);
    bench.end('old');
    await sleep(1);
    expect(bench.begun).toEqual(['old', 'new']);
    bench.end('new');
    // The work that waited began after the change, so its result is valid for later requests too.
    expect(await Promise.all(results)).toEqual(['old', 'new', 'new']);
    expect(bench.most).toBe(1);
  });

  it('frees a place in the queue when the waiting client leaves', async () => {
    const shared = new SharedWork<string>({ atOnce: 1, waiting: 1 });
    const bench = new Bench();
    const first = shared.do('a', bench.work('a'), open());
    const client = new AbortController();
    const second = shared.do('b', bench.work('b'), client.signal).catch(() => 'left');
    await sleep(1);
    client.abort();
    expect(await second).toBe('left');
    const third = shared.do('c', bench.work('c'), open());
    await sleep(1);
    bench.end('a');
    await sleep(1);
    bench.end('c');
    expect([await first, await third]).toEqual(['a', 'c']);
    expect(bench.begun).toEqual(['a', 'c']);
  });

  it('that fails rejects for all its requests, and is done again for the next', async () => {
    const shared = new SharedWork<string>({ atOnce: 1, waiting: 1 });
    const fails = () => Promise.reject(new Error('no'));
    const results = [shared.do('a', fails, open()), shared.do('a', fails, open())];
    for (const result of results) await expect(result).rejects.toThrow('no');
    expect(await shared.do('a', () => Promise.resolve('yes'), open())).toBe('yes');
  });
});
