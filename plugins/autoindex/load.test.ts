import { linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const json = { accept: 'application/json' };
interface Item {
  readonly name: string;
  readonly type: string;
  readonly mtime?: string;
}

async function itemsOf(server: TestServer, path = '/'): Promise<readonly Item[]> {
  return JSON.parse(await (await server.fetch(path, { headers: json })).text());
}

const conf = 'location / { root www; autoindex on; upload on; }';

/** Hard links are ten times as cheap as files. */
function fill(directory: string, count: number): void {
  mkdirSync(directory, { recursive: true });
  const first = join(directory, 'file0.txt');
  writeFileSync(first, '');
  for (let index = 1; index < count; index += 1) linkSync(first, join(directory, `file${index}.txt`));
}

/** Processor time of this process so far, in milliseconds: a busy machine does not prolong it. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Longest processor time between two turns of the event loop. */
async function longestTurn(during: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = processorTime();
  const timer = setInterval(() => {
    const now = processorTime();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  await during();
  clearInterval(timer);
  return longest;
}

describe('a large directory', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer(conf, { 'www/': null });
    fill(join(server.directory, 'www/many'), 1000);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** Makes names that are different directories for clients. */
  const link = (names: readonly string[]): void => {
    for (const name of names) symlinkSync('many', join(server.directory, 'www', name));
  };

  test('of 3,000 names is listed whole, in order, as a page and as JSON', async () => {
    fill(join(server.directory, 'www/large'), 3000);
    const listed = await itemsOf(server, '/large/');
    expect(listed.map(({ name }) => name)).toEqual(
      Array.from({ length: 3000 }, (_, index) => `file${index}.txt`),
    );
    const page = await (await server.fetch('/large/')).text();
    expect([...page.matchAll(/href="\.\//g)]).toHaveLength(3000);
    expect(page).not.toContain('are shown');
  });

  test('is read once for all clients that ask at the same time, GET and HEAD', async () => {
    const begun = processorTime();
    await (await server.fetch('/many/')).text();
    const alone = processorTime() - begun;
    const together = processorTime();
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const response = await server.fetch('/many/', { method: index % 2 === 0 ? 'GET' : 'HEAD' });
        expect(response.status).toBe(200);
        await response.arrayBuffer();
      }),
    );
    // Reading the directory for each request would take a hundred times as long.
    expect(processorTime() - together).toBeLessThan(15 * alone + 500);
  });

  test('does not keep the event loop', async () => {
    fill(join(server.directory, 'www/larger'), 10_000);
    const listed = async (): Promise<void> => {
      // Simulates another process: the client's own work must not count.
      const socket = connect({ port: server.port, host: '127.0.0.1' });
      socket.write('HEAD /larger/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
    };
    const turns: number[] = [];
    for (let count = 0; count < 2; count += 1) turns.push(await longestTurn(listed));
    // The shortest one: garbage collection may prolong a turn. With pauses it takes 8 ms, without them 60 ms.
    expect(Math.min(...turns)).toBeLessThan(25);
  });

  test('is not read on when its client has left', async () => {
    link(['0', '1', '2', '3']);
    for (let round = 0; round < 30; round += 1) {
      const socket = connect({ port: server.port, host: '127.0.0.1' });
      socket.on('error', () => {});
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.write(`GET /${round % 4}/ HTTP/1.1\r\nHost: a\r\n\r\n`);
      await sleep(5);
      socket.resetAndDestroy();
    }
    const begun = performance.now();
    expect((await server.fetch('/')).status).toBe(200);
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  test('beyond those under way and waiting: 503 with Retry-After, and served again after it', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `d${index}`);
    link(names);
    const responses = await Promise.all(
      names.map(async (name) => {
        const response = await server.fetch(`/${name}/`);
        await response.arrayBuffer();
        return response;
      }),
    );
    const statuses = new Set(responses.map(({ status }) => status));
    expect(statuses).toEqual(new Set([200, 503]));
    for (const { status, headers } of responses)
      if (status === 503) expect(headers.get('retry-after')).toBe('1');
    expect((await server.fetch('/d59/')).status).toBe(200);
  });

  test('shows at once what this server changed, while another listing of it is under way', async () => {
    for (let round = 0; round < 5; round += 1) {
      const other = server.fetch('/many/', { headers: json }).then((response) => response.arrayBuffer());
      const put = await server.fetch(`/many/new${round}.txt`, { method: 'PUT', body: 'x' });
      expect(put.status).toBe(201);
      const page = await (await server.fetch('/many/', { headers: json })).text();
      expect(page).toContain(`new${round}.txt`);
      await other;
    }
  });
});

describe('odd entries', () => {
  test('times that no date tells are left empty, and the listing is there', async () => {
    await using server = await startTestServer(conf, {
      'www/a.txt': '',
      'www/old.txt': '',
      'www/zero.txt': '',
    });
    const touch = (name: string, seconds: number): void => {
      const time = new Date(seconds * 1000);
      utimesSync(join(server.directory, 'www', name), time, time);
    };
    touch('old.txt', -86_400);
    touch('zero.txt', 0);
    const listed = await itemsOf(server);
    expect(listed.find(({ name }) => name === 'old.txt')?.mtime).toBe('Wed, 31 Dec 1969 00:00:00 GMT');
    expect(listed.find(({ name }) => name === 'zero.txt')?.mtime).toBe('Thu, 01 Jan 1970 00:00:00 GMT');
    expect((await server.fetch('/')).status).toBe(200);
  });

  test('a link to a directory stands among the directories', async () => {
    await using server = await startTestServer(conf, { 'www/z/': null, 'www/a.txt': '' });
    symlinkSync('z', join(server.directory, 'www/link'));
    const listed = await itemsOf(server);
    expect(listed.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'link directory',
      'z directory',
      'a.txt file',
    ]);
  });
});
