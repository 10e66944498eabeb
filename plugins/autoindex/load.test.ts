import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

const json = { accept: 'application/json' };
interface Item {
  readonly name: string;
  readonly type: string;
  readonly mtime?: string;
}

async function itemsOf(server: TestServer): Promise<readonly Item[]> {
  return JSON.parse(await (await server.fetch('/', { headers: json })).text());
}

const conf = 'location / { root www; autoindex on; }';

function fill(directory: string, count: number, prefix = 'file'): void {
  mkdirSync(directory, { recursive: true });
  for (let index = 0; index < count; index += 1) writeFileSync(join(directory, `${prefix}${index}.txt`), '');
}

/** Longest time that the event loop was blocked, in milliseconds. */
async function longestStall(during: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  await during();
  clearInterval(timer);
  return longest;
}

// Creating thousands of files takes long on a busy machine.
describe('a large directory', { timeout: 120_000 }, () => {
  test('of 12,000 names is listed whole, in order, as a page and as JSON', async () => {
    await using server = await startTestServer(conf, { 'www/': null });
    fill(join(server.directory, 'www'), 12_000);
    const listed = await itemsOf(server);
    expect(listed.map(({ name }) => name)).toEqual(
      Array.from({ length: 12_000 }, (_, index) => `file${index}.txt`),
    );
    const page = await (await server.fetch('/')).text();
    expect([...page.matchAll(/href="\.\//g)]).toHaveLength(12_000);
    expect(page).not.toContain('are shown');
  });

  test('is read once for all who ask at the same time, GET and HEAD', async () => {
    await using server = await startTestServer(conf, { 'www/': null });
    fill(join(server.directory, 'www'), 3000);
    const begun = performance.now();
    await (await server.fetch('/')).text();
    const alone = performance.now() - begun;
    const together = performance.now();
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const answer = await server.fetch('/', { method: index % 2 === 0 ? 'GET' : 'HEAD' });
        expect(answer.status).toBe(200);
        await answer.arrayBuffer();
      }),
    );
    // Reading the directory for each request would take a hundred times as long.
    expect(performance.now() - together).toBeLessThan(15 * alone + 500);
  });

  test('does not keep the event loop', async () => {
    await using server = await startTestServer(conf, { 'www/': null });
    fill(join(server.directory, 'www'), 8000);
    await (await server.fetch('/')).text();
    const stall = await longestStall(async () => {
      // Simulates another process: the client's own work must not count.
      const socket = connect({ port: server.port, host: '127.0.0.1' });
      socket.write('HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
    });
    // Without pauses it takes 200 ms of processor time, more on a shared machine.
    expect(stall).toBeLessThan(300);
  });

  test('is not read on when its client has left', async () => {
    await using server = await startTestServer(conf, { 'www/': null });
    fill(join(server.directory, 'www/many'), 3000);
    for (let index = 0; index < 4; index += 1) symlinkSync('many', join(server.directory, `www/${index}`));
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
    await using server = await startTestServer(conf, { 'www/': null });
    fill(join(server.directory, 'www/many'), 2000);
    // Each name is a different directory for the clients.
    const directories = Array.from({ length: 60 }, (_, index) => `d${index}`);
    for (const name of directories) symlinkSync('many', join(server.directory, 'www', name));
    const answers = await Promise.all(
      directories.map(async (name) => {
        const answer = await server.fetch(`/${name}/`);
        await answer.arrayBuffer();
        return answer;
      }),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    expect(statuses).toEqual(new Set([200, 503]));
    for (const { status, headers } of answers)
      if (status === 503) expect(headers.get('retry-after')).toBe('1');
    expect((await server.fetch('/d59/')).status).toBe(200);
  });

  test('shows at once what this server changed, while another listing of it is under way', async () => {
    await using server = await startTestServer('location / { root www; autoindex on; upload on; }', {
      'www/': null,
    });
    fill(join(server.directory, 'www'), 3000);
    for (let round = 0; round < 5; round += 1) {
      const other = server.fetch('/', { headers: json }).then((answer) => answer.arrayBuffer());
      const put = await server.fetch(`/new${round}.txt`, { method: 'PUT', body: 'x' });
      expect(put.status).toBe(201);
      const page = await (await server.fetch('/', { headers: json })).text();
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
