import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Dialled, dial } from '../wire/transport.js';
import { CONF, eventually, filePart, inStore, openInStore, start, tree, UNTOUCHED } from './store.js';

/** Sends the first half of an upload and waits until its temporary file exists. */
async function halfUpload(server: TestServer, head: string, firstHalf: string): Promise<Dialled> {
  const before = (await tree(server)).length;
  const client = await dial({ host: '127.0.0.1', port: server.port });
  const { socket } = client;
  socket.on('error', () => {});
  socket.write(`${head}\r\n\r\n${firstHalf}`);
  await eventually(async () => (await tree(server)).length > before);
  return client;
}

const PUT_HEAD = 'PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000';
const CHUNKED_HEAD = 'PUT /files/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked';
const FORM_HEAD =
  'POST /files/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nContent-Type: multipart/form-data; boundary=XX';
const half = 'x'.repeat(500_000);

const halves: [what: string, head: string, firstHalf: string][] = [
  ['PUT by length', PUT_HEAD, half],
  ['PUT in chunks', CHUNKED_HEAD, `7A120\r\n${half}\r\n`],
  ['a form', FORM_HEAD, filePart('b', 'whole') + filePart('a', half).slice(0, -10)],
  ['other content', FORM_HEAD.replace('multipart/form-data', 'text/plain'), half],
];

describe('half an upload', () => {
  test.each(halves)(
    '%s: the client resets, the old file is whole and nothing else is left',
    async (_, head, body) => {
      await using server = await start({ 'top/store/a': 'old' });
      const before = await tree(server);
      const client = await halfUpload(server, head, body);
      expect(await readFile(inStore(server, 'a'), 'utf8')).toBe('old');
      client.reset();
      await eventually(async () => (await tree(server)).length === before.length);
      expect(await tree(server)).toEqual(before);
      expect(await readFile(inStore(server, 'a'), 'utf8')).toBe('old');
      await eventually(async () => (await openInStore(server)) === 0);
    },
  );

  test.each(halves)('%s: the client ends its side, the same', async (_, head, body) => {
    await using server = await start({ 'top/store/a': 'old' });
    const before = await tree(server);
    (await halfUpload(server, head, body)).socket.end();
    await eventually(async () => (await tree(server)).length === before.length);
    expect(await tree(server)).toEqual(before);
  });

  test.each(halves)('%s: the server stops, the same', async (_, head, body) => {
    await using server = await start({ 'top/store/a': 'old' });
    const before = await tree(server);
    const { socket } = await halfUpload(server, head, body);
    await server.stop(0);
    expect(await tree(server)).toEqual(before);
    socket.destroy();
  });

  test('broken chunks in the middle: 400, the same', async () => {
    await using server = await start({ 'top/store/a': 'old' });
    const response = await server.raw(`${CHUNKED_HEAD}\r\n\r\n7A120\r\n${half}\r\nzz\r\n`);
    expect(response).toMatch(/^HTTP\/1\.1 400 /);
    expect(await readFile(inStore(server, 'a'), 'utf8')).toBe('old');
    expect(await tree(server)).toEqual([...UNTOUCHED, 'top/store/a']);
  });

  test('the temporary file is neither served, listed, replaced nor deleted', async () => {
    await using server = await start({}, CONF.replace('upload on;', 'upload on; autoindex on;'));
    const { socket } = await halfUpload(server, PUT_HEAD, half);
    const name = (await readdir(inStore(server, ''))).find((entry) => entry.startsWith('.')) ?? '';
    expect(name).not.toBe('');
    for (const method of ['GET', 'PUT', 'DELETE']) {
      expect((await server.fetch(`/files/${name}`, { method })).status, method).toBe(404);
    }
    expect(await (await server.fetch('/files/')).text()).not.toContain(name);
    socket.destroy();
  });

  test('the leftovers of a killed server are removed at the next start; files of another server are not', async () => {
    await using server = await start();
    const { socket } = await halfUpload(server, PUT_HEAD, half);
    const [name = ''] = await readdir(inStore(server, ''));
    const left = name.replace(/-[0-9a-f]{8}-(\d+)$/, '-00000000-$1'); // named as by an earlier process with our process id
    await mkdir(inStore(server, 'deep/er'), { recursive: true });
    await writeFile(inStore(server, left), half);
    await writeFile(inStore(server, `deep/er/${left}`), half);
    await using _next = await startTestServer(`upload on; upload_store ${inStore(server, '')};`);
    await eventually(async () => !(await tree(server)).some((path) => path.endsWith(left)));
    expect(await readdir(inStore(server, ''))).toEqual([name, 'deep']);
    socket.write(half);
    await eventually(async () => (await readdir(inStore(server, ''))).includes('a'));
    socket.destroy();
  });

  test('20 clients put one name twice each, 300 KB: readers only see whole files', async () => {
    const SIZE = 300_000;
    await using server = await start({ 'top/store/a': 'a'.repeat(SIZE) });
    const isWhole = (text: string): boolean => text === (text[0] ?? '').repeat(SIZE);
    let writing = true;
    const reader = async (): Promise<number> => {
      let reads = 0;
      for (; writing; reads += 1) expect(isWhole(await (await server.fetch('/files/a')).text())).toBe(true);
      return reads;
    };
    const readers = [reader(), reader()];
    const writer = async (_: unknown, index: number): Promise<void> => {
      const body = String.fromCharCode(97 + index).repeat(SIZE);
      for (let round = 0; round < 2; round += 1) {
        expect((await server.fetch('/files/a', { method: 'PUT', body })).status).toBe(204);
      }
    };
    await Promise.all(Array.from({ length: 20 }, writer));
    writing = false;
    for (const reads of await Promise.all(readers)) expect(reads).toBeGreaterThan(0);
    expect(isWhole(await readFile(inStore(server, 'a'), 'utf8'))).toBe(true);
    expect(await tree(server)).toEqual([...UNTOUCHED, 'top/store/a']);
  });

  test('If-None-Match: *, a directory, a link: rejected, and the existing file stays', async () => {
    await using server = await start({ 'top/store/a': 'old', 'top/store/directory/b': 'old' });
    await symlink('../canary', inStore(server, 'link'));
    const put = async (name: string, headers = {}): Promise<number> =>
      (await server.fetch(`/files/${name}`, { method: 'PUT', body: 'new', headers })).status;
    expect(await put('a', { 'if-none-match': '*' })).toBe(412);
    expect(await put('directory')).toBe(409);
    expect(await put('link')).toBe(409);
    expect(await readFile(inStore(server, 'link'), 'utf8')).toBe('alive');
    expect(await readFile(inStore(server, 'a'), 'utf8')).toBe('old');
    expect(await readdir(inStore(server, 'directory'))).toEqual(['b']);
  });

  test('a directory repeatedly swapped for a link to elsewhere: nothing is written there', async () => {
    await using server = await start({ 'top/store/sub/': null, 'elsewhere/': null });
    const sub = inStore(server, 'sub');
    await symlink(join(server.directory, 'elsewhere'), inStore(server, 'link'));
    let swapping = true;
    const swap = async (): Promise<void> => {
      while (swapping) {
        await rename(sub, `${sub}-aside`);
        await rename(inStore(server, 'link'), sub);
        await rename(sub, inStore(server, 'link'));
        await rename(`${sub}-aside`, sub);
      }
    };
    const swapped = swap();
    const seen = new Set<number>();
    for (let round = 0; round < 40; round += 1) {
      const responses = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          server.fetch(`/files/sub/${round}-${index}`, { method: 'PUT', body: 'x'.repeat(20_000) }),
        ),
      );
      for (const { status } of responses) seen.add(status);
    }
    swapping = false;
    await swapped;
    expect(await readdir(join(server.directory, 'elsewhere'))).toEqual([]);
    expect(seen).toContain(201);
    for (const status of seen) expect([201, 403, 409]).toContain(status);
  });
});

describe('names in the URL of a PUT', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start({ 'top/store/.git/': null, 'top/store/sub/': null });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test.each([
    '/files/%00',
    '/files/a%00.txt',
    '/files/x.txt%20',
    '/files/%20x.txt',
    '/files/.htaccess',
    '/files/%2ehtaccess',
    '/files/.git/config',
    '/files/.well-known',
    '/files/..',
    '/files/../canary',
    '/files/../../canary',
    '/files/%2e%2e/canary',
    '/files/..%2fcanary',
    '/files/..%5ccanary',
    '/files/..;/canary',
    '/files/%252e%252e/canary',
    '/files/%c0%ae%c0%ae/canary',
    '/files/a%0d%0ab',
    '/files/a%85',
    '/files/a%c2%85',
    `/files/${'n'.repeat(256)}`,
    '/filesx/canary',
    'http://a/files/../../canary',
  ])('%s: rejected, and nothing is created or changed', async (target) => {
    const response = await server.raw(
      `PUT ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nevil`,
    );
    expect(response).toMatch(/^HTTP\/1\.1 4(?:00|03|04|05|09|14) /);
    expect(await tree(server)).toEqual(UNTOUCHED);
    expect(await readFile(join(server.directory, 'top/canary'), 'utf8')).toBe('alive');
  });
});

describe('DELETE beyond the store', () => {
  let server: TestServer;
  let before: readonly string[] = [];
  beforeAll(async () => {
    server = await start({ 'top/store/directory/x': 'y', 'top/store/.hidden': 'z' });
    await symlink('../../top', inStore(server, 'linked'));
    await symlink('../canary', inStore(server, 'file'));
    before = await tree(server);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test.each([
    '/',
    '/files',
    '/files/',
    '/..%2f',
    '/files/..',
    '/files/../canary',
    '/files/..%2fcanary',
    '/files/%2e%2e/canary',
    '/files/%2e%2e%2f%2e%2e%2fcanary',
    '/files/../../canary',
    '/files/directory',
    '/files/directory/',
    '/files/linked',
    '/files/linked/',
    '/files/linked/canary',
    '/files/file',
    '/files/directory/../../canary',
    '/files/.hidden',
    '*',
    'http://a/files/../canary',
  ])('%s: rejected, and nothing is lost', async (target) => {
    const response = await server.raw(`DELETE ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(response).toMatch(/^HTTP\/1\.1 4(?:00|03|04|05|09) /);
    expect(await tree(server)).toEqual(before);
  });
});
