import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, type Response } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

/** Milliseconds: longer than a file must be unchanged to be cached, and longer than a cached file is used unchecked. */
const SETTLED = 1200;

/** A plugin that records the responses, by path. */
function recorder() {
  const answers = new Map<string, Response[]>();
  const plugin = definePlugin({
    name: 'recorder',
    apply: ({ hooks }) =>
      hooks.onResponse.tap({}, (response, { request }) => {
        answers.set(request.path, [...(answers.get(request.path) ?? []), response]);
        return response;
      }),
  });
  /** Returns the number of different responses to the last `count` requests for a path. */
  const different = (path: string, count: number) => new Set(answers.get(path)?.slice(-count)).size;
  const inMemory = (path: string) => answers.get(path)?.at(-1)?.body instanceof Uint8Array;
  return { plugin, different, inMemory };
}

const text = async (server: TestServer, path: string) => (await server.fetch(path)).text();

// These tests mostly wait.
describe.concurrent('a hot file', () => {
  test('is answered with the same frozen value again and again, and so is its folder', async () => {
    const { plugin, different } = recorder();
    const files = { 'www/index.html': 'index', 'www/a.txt': 'a' };
    await using server = await startTestServer('root www;', files, { plugins: [plugin] });
    await sleep(SETTLED);
    for (let round = 0; round < 5; round += 1) {
      expect(await text(server, '/a.txt')).toBe('a');
      expect(await text(server, '/')).toBe('index');
    }
    expect(different('/a.txt', 5)).toBe(1);
    // The first request was forwarded, and recorded under the index file's path.
    expect(different('/', 4)).toBe(1);
    const headers = { 'if-none-match': '*' };
    for (let round = 0; round < 3; round += 1) await server.fetch('/a.txt', { headers });
    expect(different('/a.txt', 3)).toBe(1);
  });

  test('stays the same value when it is looked at again and has not changed', async () => {
    const { plugin, different } = recorder();
    await using server = await startTestServer('root www;', { 'www/a.txt': 'a' }, { plugins: [plugin] });
    await sleep(SETTLED);
    await text(server, '/a.txt');
    await sleep(SETTLED);
    await text(server, '/a.txt');
    expect(different('/a.txt', 2)).toBe(1);
  });

  test('is answered as it is now within a second of any change', async () => {
    const names = ['grown', 'same-size', 'same-time', 'deleted', 'replaced'];
    await using server = await startTestServer(
      'root www;',
      Object.fromEntries(names.map((name) => [`www/${name}`, 'old'])),
    );
    const file = (name: string) => join(server.directory, 'www', name);
    await sleep(SETTLED);
    for (const name of names) expect(await text(server, `/${name}`)).toBe('old');
    const known = (await server.fetch('/same-time')).headers.get('etag') ?? '';

    const { atime, mtime } = statSync(file('same-time'));
    writeFileSync(file('grown'), 'grown');
    writeFileSync(file('same-size'), 'new');
    writeFileSync(file('same-time'), 'new');
    utimesSync(file('same-time'), atime, mtime);
    rmSync(file('deleted'));
    rmSync(file('replaced'));
    writeFileSync(file('replaced'), 'new');
    await sleep(1000);

    expect(await text(server, '/grown')).toBe('grown');
    expect(await text(server, '/same-size')).toBe('new');
    expect(await text(server, '/same-time')).toBe('new');
    expect((await server.fetch('/same-time', { headers: { 'if-none-match': known } })).status).toBe(200);
    expect((await server.fetch('/deleted')).status).toBe(404);
    expect(await text(server, '/replaced')).toBe('new');
  });

  test('a new index file in front of the old one answers for the folder within a second', async () => {
    await using server = await startTestServer('root www; index one.html two.html;', {
      'www/two.html': 'two',
    });
    await sleep(SETTLED);
    for (let round = 0; round < 3; round += 1) expect(await text(server, '/')).toBe('two');
    writeFileSync(join(server.directory, 'www/one.html'), 'one');
    const end = performance.now() + 1000;
    // Meanwhile the old index file itself is requested often.
    while (performance.now() < end) {
      await text(server, '/two.html');
      await sleep(5);
    }
    expect(await text(server, '/')).toBe('one');
  });

  test('that changed through this server is answered as it is now at once', async () => {
    await using server = await startTestServer('root www; upload on; upload_delete on;', {
      'www/a.txt': 'old',
    });
    await sleep(SETTLED);
    for (let round = 0; round < 3; round += 1) expect(await text(server, '/a.txt')).toBe('old');
    await server.fetch('/a.txt', { method: 'PUT', body: 'new' });
    expect(await text(server, '/a.txt')).toBe('new');
    await server.fetch('/a.txt', { method: 'DELETE' });
    expect((await server.fetch('/a.txt')).status).toBe(404);
  });

  test('that has just changed is answered as it is now each time', async () => {
    await using server = await startTestServer('root www;', { 'www/a.txt': 'first' });
    for (const content of ['one', 'two', 'six', 'ten']) {
      writeFileSync(join(server.directory, 'www/a.txt'), content);
      expect(await text(server, '/a.txt')).toBe(content);
    }
  });

  test('by the same path of two routes is answered with the fields of each', async () => {
    await using server = await startTestServer(
      'root www; location /b { root www; cache_control no-store; types { text/x-b txt; } }',
      { 'www/a.txt': 'a' },
    );
    await sleep(SETTLED);
    for (let round = 0; round < 2; round += 1) {
      const plain = await server.fetch('/a.txt');
      expect(plain.headers.has('cache-control')).toBe(false);
      expect(plain.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      const other = await server.fetch('/b/a.txt');
      expect(other.headers.get('cache-control')).toBe('no-store');
      expect(other.headers.get('content-type')).toBe('text/x-b; charset=utf-8');
    }
  });
});

describe.concurrent('the cache', () => {
  test('holds no more than its size, and every answer is right', async () => {
    const { plugin, different, inMemory } = recorder();
    const names = Array.from({ length: 40 }, (_, index) => `${index}.txt`);
    const files = Object.fromEntries(names.map((name) => [`www/${name}`, name.padEnd(7000, '.')]));
    await using server = await startTestServer(
      'file_cache 64k;\nserver { listen 127.0.0.1:0; root www; }',
      { ...files, 'www/too-large': 'x'.repeat(9000) },
      { plugins: [plugin] },
    );
    await sleep(SETTLED);
    for (let round = 0; round < 2; round += 1) {
      for (const name of names) expect(await text(server, `/${name}`)).toBe(name.padEnd(7000, '.'));
    }
    // Eight of 40 fit, so each one was evicted before it was requested again.
    expect(different('/0.txt', 2)).toBe(2);
    await text(server, '/too-large');
    await text(server, '/too-large');
    expect([inMemory('/0.txt'), inMemory('/too-large')]).toEqual([true, false]);
  });

  test('off keeps nothing: every request sees the file as it is', async () => {
    await using server = await startTestServer('file_cache off;\nserver { listen 127.0.0.1:0; root www; }', {
      'www/a.txt': 'old',
    });
    await sleep(SETTLED);
    expect(await text(server, '/a.txt')).toBe('old');
    writeFileSync(join(server.directory, 'www/a.txt'), 'new');
    expect(await text(server, '/a.txt')).toBe('new');
  });

  test('reads a cold file once for all who ask at the same time', async () => {
    const { plugin, different } = recorder();
    await using server = await startTestServer(
      'root www;',
      { 'www/a.txt': 'x'.repeat(500_000) },
      { plugins: [plugin] },
    );
    await sleep(SETTLED);
    const texts = await Promise.all(Array.from({ length: 50 }, () => text(server, '/a.txt')));
    expect(texts.every((each) => each.length === 500_000)).toBe(true);
    expect(different('/a.txt', 50)).toBe(1);
  });
});

test.each([
  ['the cache gives', 'root www;'],
  ['without a cache, the server gives', 'file_cache off;\nserver { listen 127.0.0.1:0; root www; }'],
])('%s descriptors back, whatever became of the requests', async (_what, conf) => {
  await using server = await startTestServer(conf, {
    'www/a.txt': 'a',
    'www/large': 'x'.repeat(2_000_000),
    'www/dir/index.html': '',
  });
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const round = () =>
    Promise.all(
      ['/a.txt', '/large', '/dir/', '/dir', '/gone', '/.hidden'].flatMap((path) =>
        [{}, { 'if-match': '"x"' }, { range: 'bytes=-1' }, { range: 'bytes=9999999-' }].map(async (headers) =>
          (await server.fetch(path, { headers })).arrayBuffer(),
        ),
      ),
    );
  await round();
  const before = descriptors();
  for (let count = 0; count < 20; count += 1) await round();
  await expect.poll(descriptors).toBeLessThan(before + 20);
});

const canLimit = process.platform === 'linux';
if (!canLimit) console.error('skipped: what static answers without descriptors (needs Linux)');

test.skipIf(!canLimit)(
  'out of descriptors a request gets 503 with Retry-After, and the next one its file',
  async () => {
    await using server = await startTestServer('root www;', { 'www/a.txt': 'a', 'www/b.txt': 'b' });
    const socket = connect(server.port, '127.0.0.1');
    const ask = async (path: string) => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      // The header section and the body may arrive separately.
      let response = '';
      const isWhole = (): boolean => {
        const end = response.indexOf('\r\n\r\n');
        const length = Number(/^content-length: (\d+)/im.exec(response)?.[1]);
        return end !== -1 && response.length >= end + 4 + length;
      };
      while (!isWhole()) {
        const [bytes]: Buffer[] = await once(socket, 'data');
        response += bytes?.toString('latin1');
      }
      return response;
    };
    expect(await ask('/a.txt')).toContain('200 OK');

    const limits = execFileSync('prlimit', [
      '--pid',
      String(process.pid),
      '--nofile',
      '-o',
      'SOFT,HARD',
      '--noheadings',
    ]);
    const [soft = '', hard = ''] = limits.toString().trim().split(/\s+/);
    const setLimit = (limit: number | string) =>
      execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${limit}:${hard}`]);
    const held: number[] = [];
    try {
      setLimit(Math.max(...readdirSync('/proc/self/fd').map(Number)) + 20);
      expect(() => {
        for (;;) held.push(openSync('/dev/null', 'r'));
      }).toThrow('EMFILE');
      // Uses another file, because the first one may be cached by now.
      const answer = await ask('/b.txt');
      expect(answer).toContain('503 Service Unavailable');
      expect(answer).toContain('Retry-After: 1\r\n');
    } finally {
      for (const descriptor of held) closeSync(descriptor);
      setLimit(soft);
    }
    expect(await ask('/b.txt')).toContain('200 OK');
    socket.destroy();
  },
);
