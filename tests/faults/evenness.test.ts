import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { excessOf } from '../../src/process/balance.js';
import { folderWith, serving } from '../cli/webserv.js';
import { childrenOf } from '../process/running.js';
import { connectionsOf } from './connections.js';

const CLIENTS = 200;
const LARGEST_SHARE = 0.65;
/** Pause between a client's requests, in milliseconds. */
const PAUSE_MS = 100;

async function twoWorkers() {
  const folder = await folderWith({
    'webserv.conf': 'workers 2; server { listen 127.0.0.1:0; return 200 ok; }',
  });
  const server = await serving([join(folder, 'webserv.conf')]);
  const workers = await childrenOf(server.child.pid ?? 0);
  const counts = (): Promise<number[]> => Promise.all(workers.map(connectionsOf));
  const share = async (): Promise<number> => {
    const all = await counts();
    return (
      Math.max(...all) /
      Math.max(
        1,
        all.reduce((sum, count) => sum + count, 0),
      )
    );
  };
  return { url: server.url, workers, counts, share };
}

/** Keeps its connection, sends requests without end, and reconnects when the server closes it. */
class KeepAliveClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #url: string;
  #over = false;
  /** Responses that were missing, or not 200. */
  failures = 0;

  constructor(url: string) {
    this.#url = url;
    onTestFinished(() => this.end());
  }

  ask(): Promise<void> {
    return new Promise((resolve) => {
      const asking = request(this.#url, { agent: this.#agent }, (response) => {
        if (response.statusCode !== 200) this.failures += 1;
        response.resume().once('close', resolve);
      });
      asking.once('error', () => {
        if (!this.#over) this.failures += 1;
        resolve();
      });
      asking.end();
    });
  }

  async goOn(): Promise<void> {
    for (await sleep(Math.random() * PAUSE_MS); !this.#over; await sleep(PAUSE_MS)) await this.ask();
  }

  end(): void {
    this.#over = true;
    this.#agent.destroy();
  }
}

const crowd = (url: string): KeepAliveClient[] =>
  Array.from({ length: CLIENTS }, () => new KeepAliveClient(url));

/**
 * All clients continue until the distribution is even, and a while longer: it stays even, and no response is missing.
 */
async function becomesEven(clients: readonly KeepAliveClient[], share: () => Promise<number>): Promise<void> {
  for (const client of clients) void client.goOn();
  await expect.poll(share, { timeout: 60_000, interval: 200 }).toBeLessThanOrEqual(LARGEST_SHARE);
  await sleep(2000);
  expect(await share()).toBeLessThanOrEqual(LARGEST_SHARE);
  expect(clients.reduce((sum, { failures }) => sum + failures, 0)).toBe(0);
}

describe.runIf(process.platform === 'linux')(`${CLIENTS} clients of two workers are spread evenly`, () => {
  it('when they connect at the same time', async () => {
    const { url, share } = await twoWorkers();
    const clients = crowd(url);
    await Promise.all(clients.map((client) => client.ask()));
    await becomesEven(clients, share);
  }, 90_000);

  it('when they connect one by one', async () => {
    const { url, share } = await twoWorkers();
    const clients = crowd(url);
    for (const client of clients) await client.ask();
    await becomesEven(clients, share);
  }, 90_000);

  it('when one worker had all of them, since the other one could not accept any', async () => {
    const { url, workers, counts, share } = await twoWorkers();
    const [held = 0] = workers;
    process.kill(held, 'SIGSTOP');
    const clients = crowd(url);
    try {
      await Promise.all(clients.map((client) => client.ask()));
      expect((await counts()).sort((one, other) => one - other)).toEqual([0, CLIENTS]);
    } finally {
      process.kill(held, 'SIGCONT');
    }
    await becomesEven(clients, share);
  }, 90_000);
});

describe('a worker', () => {
  it('with its share, or a little more by chance, keeps its connections', () => {
    expect(excessOf(118, [118, 82])).toBe(0);
    expect(excessOf(10, [10, 0])).toBe(0);
    expect(excessOf(1000, [1000])).toBe(0);
  });

  it('with more closes its excess connections, a part of them at a time', () => {
    expect(excessOf(119, [119, 81])).toBe(19);
    expect(excessOf(200, [200, 0])).toBe(20);
    expect(excessOf(30, [30, 0, 0, 0])).toBe(8);
    expect(excessOf(81, [119, 81])).toBe(0);
  });
});
