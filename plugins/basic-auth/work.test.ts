import { get } from 'node:http';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isMissing, line } from './htpasswd.test.fixture.js';

const PROTECT = 'auth_basic "Members only"; auth_basic_user_file users;';

const basic = (user: string, password: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

const as = async (server: TestServer, user: string, password: string, path = '/'): Promise<number> =>
  (await server.fetch(path, { headers: basic(user, password) })).status;

/** Processor time of this process and its threads so far, in milliseconds: a busy machine does not prolong it. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

describe.skipIf(isMissing)('the work', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer(
      `root www; ${PROTECT}
      location /open { auth_basic off; return 200; }
      location /quick { root www; auth_basic_user_file quick; }`,
      {
        // A check at this cost takes about a quarter of a second.
        users: `${line('-B -C 12', 'ann', 'secret')}\n`,
        quick: `${line('-B -C 9', 'ann', 'secret')}\n`,
        'www/index.html': 'in',
      },
    );
    await as(server, 'ann', 'the thread starts', '/quick');
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('of checking passwords keeps no other request waiting', async () => {
    let checked = 0;
    const guesses = Array.from({ length: 3 }, async (_, index) => {
      const status = await as(server, 'ann', `guess ${index}`);
      checked += 1;
      return status;
    });
    for (let count = 0; count < 20; count += 1) expect((await server.fetch('/open')).status).toBe(200);
    // On the main thread all checks would have been done between these requests.
    expect(checked).toBeLessThan(3);
    expect(await Promise.all(guesses)).toEqual([401, 401, 401]);
  });

  test('is done once for a page of many requests, and remembered', async () => {
    const before = processorTime();
    const page = await Promise.all(Array.from({ length: 50 }, () => as(server, 'ann', 'secret')));
    for (let count = 0; count < 50; count += 1) page.push(await as(server, 'ann', 'secret'));
    expect(new Set(page)).toEqual(new Set([200]));
    expect(processorTime() - before).toBeLessThan(100 * 100);
  });

  test('is the same for a known and for an unknown name', async () => {
    const took = async (user: string): Promise<number> => {
      const before = processorTime();
      for (let count = 0; count < 3; count += 1)
        expect(await as(server, user, `guess ${count}`, '/quick')).toBe(401);
      return processorTime() - before;
    };
    const [known, unknown] = [await took('ann'), await took('nobody')];
    expect(unknown).toBeGreaterThan(known / 3);
    expect(unknown).toBeLessThan(known * 3);
  });

  test('is bounded: too many guesses of one client at once get 503 with Retry-After', async () => {
    expect(await as(server, 'ann', 'secret')).toBe(200);
    const end = new AbortController();
    const guesses = Array.from({ length: 40 }, (_, index) =>
      server
        .fetch('/', { headers: basic('ann', `guess ${index}`), signal: end.signal })
        .catch(() => undefined),
    );
    const rejected = await Promise.race(
      guesses.map(async (guess) => {
        const response = await guess;
        return response?.status === 503 ? response : new Promise<never>(() => {});
      }),
    );
    expect(rejected.headers.get('retry-after')).toBe('2');
    // A client with a known password passes anyway.
    expect(await as(server, 'ann', 'secret')).toBe(200);
    end.abort();
    await Promise.all(guesses);
  });
});

test.skipIf(isMissing)('a right password is let in while many addresses guess', async () => {
  const addressCounts = [9, 300];
  // A user for each number of addresses: known passwords are cached.
  const users = addressCounts.map((addresses) => line('-B -C 8', `user${addresses}`, 'secret'));
  await using server = await startTestServer(`root www; ${PROTECT}`, {
    users: `${users.join('\n')}\n`,
    'www/index.html': 'in',
  });
  const statusFrom = (
    localAddress: string,
    user: string,
    password: string,
    signal?: AbortSignal,
  ): Promise<number> =>
    new Promise((resolve, reject) => {
      const { authorization } = basic(user, password);
      const request = get(
        {
          host: '127.0.0.1',
          port: server.port,
          headers: { authorization },
          localAddress,
          ...(signal && { signal }),
        },
        (response) => resolve(response.resume().statusCode ?? 0),
      );
      request.on('error', reject);
    });
  for (const addresses of addressCounts) {
    const user = `user${addresses}`;
    const perAddress = Math.ceil(400 / addresses);
    const end = new AbortController();
    const guesses = Array.from({ length: addresses * perAddress }, (_, index) => {
      const host = 2 + Math.floor(index / perAddress);
      const address = `127.0.${host >> 8}.${host & 0xff}`;
      return statusFrom(address, user, `guess ${index}`, end.signal).catch(() => 0);
    });
    const rejected = guesses.map(async (guess) => {
      if ((await guess) !== 503) await new Promise<never>(() => {});
    });
    await Promise.race(rejected); // the queue is full
    expect(await statusFrom('127.0.0.1', user, 'secret')).toBe(200);
    end.abort();
    expect(await Promise.all(guesses)).not.toContain(200);
  }
});
