import { writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { isMissing, line } from './htpasswd.test.fixture.js';

const PROTECT = 'auth_basic "Members only"; auth_basic_user_file users;';

const basic = (user: string, password: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

const as = async (server: TestServer, user: string, password: string): Promise<number> =>
  (await server.fetch('/', { headers: basic(user, password) })).status;

const start = (conf: string, users: string): Promise<TestServer> =>
  startTestServer(conf, { users, 'www/index.html': 'in' });

/** The same user and password with another salt; the file is checked every second. */
async function replaceUsers(server: TestServer): Promise<void> {
  await writeFile(join(server.directory, 'users'), `${line('-B -C 8', 'ann', 'secret')}\n`);
  await wait(1100);
}

describe.skipIf(isMissing)('the work', () => {
  /** A check at this cost takes about a quarter of a second. */
  const slow = line('-B -C 12', 'ann', 'secret');

  test('of checking passwords keeps no other request waiting', async () => {
    await using server = await start(
      `root www; ${PROTECT} location /open { auth_basic off; return 200; }`,
      `${slow}\n`,
    );
    await as(server, 'ann', 'the thread starts');
    const guesses = Array.from({ length: 4 }, (_, index) => as(server, 'ann', `guess ${index}`));
    let slowest = 0;
    for (let count = 0; count < 20; count += 1) {
      const before = performance.now();
      expect((await server.fetch('/open')).status).toBe(200);
      slowest = Math.max(slowest, performance.now() - before);
    }
    expect(await Promise.all(guesses)).toEqual([401, 401, 401, 401]);
    // On the main thread even the fastest request would have waited for a check.
    expect(slowest).toBeLessThan(200);
  });

  test('is done once for a page of many requests, and remembered', async () => {
    await using server = await start(`root www; ${PROTECT}`, `${slow}\n`);
    const before = performance.now();
    const page = await Promise.all(Array.from({ length: 50 }, () => as(server, 'ann', 'secret')));
    for (let count = 0; count < 50; count += 1) page.push(await as(server, 'ann', 'secret'));
    expect(new Set(page)).toEqual(new Set([200]));
    expect(performance.now() - before).toBeLessThan(100 * 100);
  });

  test('is bounded: too many guesses of one client at once get 503 with Retry-After', async () => {
    await using server = await start(`root www; ${PROTECT}`, `${slow}\n`);
    expect(await as(server, 'ann', 'secret')).toBe(200);
    const guesses = Array.from({ length: 40 }, (_, index) =>
      server
        .fetch('/', { headers: basic('ann', `guess ${index}`), signal: AbortSignal.timeout(3000) })
        .catch(() => undefined),
    );
    const refused = await Promise.race(
      guesses.map(async (guess) => {
        const answer = await guess;
        return answer?.status === 503 ? answer : new Promise<never>(() => {});
      }),
    );
    expect(refused.headers.get('retry-after')).toBe('2');
    // A client with a known password passes anyway.
    expect(await as(server, 'ann', 'secret')).toBe(200);
    await Promise.all(guesses);
  });

  test('lets a right password in while many addresses guess', { timeout: 60_000 }, async () => {
    await using server = await start(`root www; ${PROTECT}`, `${line('-B -C 8', 'ann', 'secret')}\n`);
    const statusFrom = (localAddress: string, password: string, signal?: AbortSignal): Promise<number> =>
      new Promise((resolve, reject) => {
        const { authorization } = basic('ann', password);
        const asked = get(
          {
            host: '127.0.0.1',
            port: server.port,
            headers: { authorization },
            localAddress,
            ...(signal && { signal }),
          },
          (answer) => resolve(answer.resume().statusCode ?? 0),
        );
        asked.on('error', reject);
      });
    for (const addresses of [9, 300]) {
      const perAddress = Math.ceil(500 / addresses);
      const end = new AbortController();
      const guesses = Array.from({ length: addresses * perAddress }, (_, index) => {
        const host = 2 + Math.floor(index / perAddress);
        const guess = statusFrom(`127.0.${host >> 8}.${host & 0xff}`, `guess ${index}`, end.signal);
        return guess.catch(() => 0);
      });
      const refused = guesses.map(async (guess) => {
        if ((await guess) !== 503) await new Promise<never>(() => {});
      });
      await Promise.race(refused); // the queue is full
      expect(await statusFrom('127.0.0.1', 'secret')).toBe(200);
      end.abort();
      expect(await Promise.all(guesses)).not.toContain(200);
      await replaceUsers(server); // clears the cache
    }
  });

  test('is the same for a name there is and for one there is not', async () => {
    await using server = await start(`root www; ${PROTECT}`, `${line('-B -C 11', 'ann', 'secret')}\n`);
    await as(server, 'ann', 'the thread starts');
    const took = async (user: string): Promise<number> => {
      const before = performance.now();
      for (let count = 0; count < 3; count += 1) expect(await as(server, user, `guess ${count}`)).toBe(401);
      return performance.now() - before;
    };
    const [known, unknown] = [await took('ann'), await took('nobody')];
    expect(unknown).toBeGreaterThan(known / 3);
    expect(unknown).toBeLessThan(known * 3);
  });
});
