import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestServer, type TestFiles, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

const CONF = 'location /files { root store; upload on; upload_delete on; client_max_body_size 100m; }';

const start = (files: TestFiles = {}, conf = CONF): Promise<TestServer> =>
  startTestServer(conf, { 'store/': null, ...files });

const put = (
  server: TestServer,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> => server.fetch(path, { method: 'PUT', body, headers });

/** Names of all files in the store, hidden ones included. */
const stored = (server: TestServer): Promise<string[]> => readdir(join(server.directory, 'store'));
const content = (server: TestServer, name: string): Promise<string> =>
  readFile(join(server.directory, 'store', name), 'utf8');

describe('PUT', () => {
  test('of a new file is 201 with its Location and entity tag, and GET gives it back with the same tag', async () => {
    await using server = await start();
    const answer = await put(server, '/files/a%20%26%C3%A9.txt', 'hello');
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe('/files/a%20%26%C3%A9.txt');
    const got = await server.fetch('/files/a%20%26%C3%A9.txt');
    expect(await got.text()).toBe('hello');
    expect(got.headers.get('etag')).toBe(answer.headers.get('etag'));
    expect(await stored(server)).toEqual(['a &é.txt']);
  });

  test('over a file is 204 with the new entity tag, and replaces it', async () => {
    await using server = await start({ 'store/a.txt': 'old and longer' });
    const answer = await put(server, '/files/a.txt', 'new');
    expect(answer.status).toBe(204);
    const got = await server.fetch('/files/a.txt');
    expect(await got.text()).toBe('new');
    expect(got.headers.get('etag')).toBe(answer.headers.get('etag'));
    expect(await stored(server)).toEqual(['a.txt']);
  });

  test('with no content makes an empty file', async () => {
    await using server = await start();
    expect((await put(server, '/files/empty', '')).status).toBe(201);
    expect(await content(server, 'empty')).toBe('');
  });

  test('of 10 MB, by length and in chunks of every size, stores exactly these bytes', async () => {
    await using server = await start();
    const bytes = randomBytes(10_000_000);
    const expected = createHash('sha256').update(bytes).digest('hex');
    const sha = async (name: string): Promise<string> =>
      createHash('sha256')
        .update(await readFile(join(server.directory, 'store', name)))
        .digest('hex');
    await put(server, '/files/length', new Uint8Array(bytes));
    expect(await sha('length')).toBe(expected);
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let start = 0, size = 1; start < bytes.length; start += size, size = (size * 7) % 99_991) {
        yield bytes.subarray(start, start + size);
      }
    }
    const init = { method: 'PUT', body: ReadableStream.from(pieces()), duplex: 'half' as const };
    expect((await server.fetch('/files/chunked', init)).status).toBe(201);
    expect(await sha('chunked')).toBe(expected);
  });

  test('goes into a folder that is there, and is 409 where there is none', async () => {
    await using server = await start({ 'store/a/b/': null });
    expect((await put(server, '/files/a/b/c.txt', 'x')).status).toBe(201);
    expect(await content(server, 'a/b/c.txt')).toBe('x');
    expect((await put(server, '/files/a/no/c.txt', 'x')).status).toBe(409);
    expect((await put(server, '/files/a/b/c.txt/d', 'x')).status).toBe(409);
    expect(await readdir(join(server.directory, 'store/a'))).toEqual(['b']);
  });

  test.each(['/files', '/files/', '/files/dir', '/files/dir/', '/files/new/'])(
    'on a folder is 409: %s',
    async (path) => {
      await using server = await start({ 'store/dir/keep': '' });
      expect((await put(server, path, 'x')).status).toBe(409);
      expect(await stored(server)).toEqual(['dir']);
    },
  );

  test('with Content-Range is 400, whatever is there', async () => {
    await using server = await start({ 'store/a': 'old' });
    expect((await put(server, '/files/a', 'x', { 'content-range': 'bytes 0-0/3' })).status).toBe(400);
    expect(await content(server, 'a')).toBe('old');
  });

  test('with a content coding is 415: it would be served without', async () => {
    await using server = await start();
    const answer = await put(server, '/files/a', 'x', { 'content-encoding': 'gzip' });
    expect(answer.status).toBe(415);
    expect(answer.headers.get('accept-encoding')).toBe('identity');
    expect((await put(server, '/files/a', 'x', { 'content-encoding': 'identity' })).status).toBe(201);
  });

  test('keeps to the server’s umask, and gives no right to execute', async () => {
    await using server = await start();
    await put(server, '/files/a.sh', '#!/bin/sh\n');
    expect((await stat(join(server.directory, 'store/a.sh'))).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  test('is not answered where upload is off, and DELETE not where it is not on', async () => {
    await using server = await start({}, 'root store; location /on { upload on; }');
    expect((await put(server, '/a', 'x')).status).toBe(405);
    const refused = await server.fetch('/on/a', { method: 'DELETE' });
    expect(refused.status).toBe(405);
    expect(refused.headers.get('allow')?.split(', ').sort()).toEqual([
      'GET',
      'HEAD',
      'OPTIONS',
      'POST',
      'PUT',
    ]);
  });

  test('goes to upload_store, which may be elsewhere', async () => {
    await using server = await start(
      { 'in/': null },
      'root store; location /up { upload on; upload_store in; }',
    );
    expect((await put(server, '/up/a', 'x')).status).toBe(201);
    expect(await readdir(join(server.directory, 'in'))).toEqual(['a']);
  });
});

describe('upload_conflict', () => {
  test('refuse: 409 for a name that is taken, and the content is not asked for', async () => {
    await using server = await start({ 'store/a': 'old' }, 'root store; upload on; upload_conflict refuse;');
    const answer = await server.raw(
      'PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 409 /);
    expect((await put(server, '/b', 'new')).status).toBe(201);
    expect(await content(server, 'a')).toBe('old');
  });

  test('rename: the next free name, told in Location', async () => {
    await using server = await start(
      { 'store/a.txt': 'old' },
      'root store; upload on; upload_conflict rename;',
    );
    const first = await put(server, '/a.txt', 'new');
    expect([first.status, first.headers.get('location')]).toEqual([201, '/a-1.txt']);
    const second = await put(server, '/a.txt', 'newer');
    expect(second.headers.get('location')).toBe('/a-2.txt');
    expect(await Promise.all(['a.txt', 'a-1.txt', 'a-2.txt'].map((name) => content(server, name)))).toEqual([
      'old',
      'new',
      'newer',
    ]);
  });

  test('refuse: of many at once for one name exactly one is stored', async () => {
    await using server = await start({}, 'root store; upload on; upload_conflict refuse;');
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => put(server, '/a', String(index))),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([
      201,
      ...Array.from({ length: 9 }, () => 409),
    ]);
    expect(await stored(server)).toEqual(['a']);
  });
});

describe('preconditions of PUT (RFC 9110 §13.1)', () => {
  test('If-None-Match: * makes a file only where there is none', async () => {
    await using server = await start({ 'store/a': 'old' });
    expect((await put(server, '/files/a', 'new', { 'if-none-match': '*' })).status).toBe(412);
    expect((await put(server, '/files/b', 'new', { 'if-none-match': '*' })).status).toBe(201);
    expect(await content(server, 'a')).toBe('old');
    const racing = Array.from({ length: 10 }, () => put(server, '/files/c', 'x', { 'if-none-match': '*' }));
    const statuses = (await Promise.all(racing)).map((answer) => answer.status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
  });

  test('If-Match replaces exactly the version it names', async () => {
    await using server = await start({ 'store/a': 'old' });
    const etag = (await server.fetch('/files/a')).headers.get('etag') ?? '';
    expect((await put(server, '/files/a', 'x', { 'if-match': '"other"' })).status).toBe(412);
    expect((await put(server, '/files/none', 'x', { 'if-match': '*' })).status).toBe(412);
    expect((await put(server, '/files/a', 'new', { 'if-match': etag })).status).toBe(204);
    expect((await put(server, '/files/a', 'newer', { 'if-match': etag })).status).toBe(412);
    expect(await content(server, 'a')).toBe('new');
  });

  test('If-Match: of many at once who saw the same version exactly one wins', async () => {
    await using server = await start({ 'store/a': 'old' });
    const etag = (await server.fetch('/files/a')).headers.get('etag') ?? '';
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => put(server, '/files/a', `by ${index}`, { 'if-match': etag })),
    );
    const statuses = answers.map((answer) => answer.status);
    expect(statuses.filter((status) => status === 204)).toHaveLength(1);
    expect(statuses.filter((status) => status === 412)).toHaveLength(19);
    expect(await content(server, 'a')).toBe(`by ${statuses.indexOf(204)}`);
  });

  test('If-Unmodified-Since is 412 for a file changed since', async () => {
    await using server = await start({ 'store/a': 'old' });
    const date = (ms: number): string => new Date(ms).toUTCString();
    const past = { 'if-unmodified-since': date(Date.now() - 86_400_000) };
    expect((await put(server, '/files/a', 'new', past)).status).toBe(412);
    const future = { 'if-unmodified-since': date(Date.now() + 5000) };
    expect((await put(server, '/files/a', 'new', future)).status).toBe(204);
  });

  test('that fail are told before the content is asked for', async () => {
    await using server = await start({ 'store/a': 'old' });
    const answer = await server.raw(
      'PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\nIf-None-Match: *\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 412 /);
  });
});

describe('client_max_body_size', () => {
  const conf = 'root store; upload on; client_max_body_size 100;';

  test('exactly as much is stored', async () => {
    await using server = await start({}, conf);
    expect((await put(server, '/a', 'x'.repeat(100))).status).toBe(201);
    expect((await put(server, '/b', 'x'.repeat(101))).status).toBe(413);
    expect(await stored(server)).toEqual(['a']);
  });

  test('one byte more in chunks is 413, and leaves nothing', async () => {
    await using server = await start({ 'store/a': 'old' }, conf);
    const chunk = `64\r\n${'x'.repeat(100)}\r\n`;
    const answer = await server.raw(
      `PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk}1\r\nx\r\n0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(await stored(server)).toEqual(['a']);
    expect(await content(server, 'a')).toBe('old');
  });
});

describe('links and special files', () => {
  test('a link is neither followed nor replaced, inside the store or out of it', async () => {
    await using server = await start({ outside: 'secret', 'store/a': 'inside' });
    for (const [name, target] of Object.entries({ out: '../outside', in: 'a', dangling: '../none' })) {
      await symlink(target, join(server.directory, 'store', name));
      expect((await put(server, `/files/${name}`, 'x')).status).toBe(409);
    }
    expect(await readFile(join(server.directory, 'outside'), 'utf8')).toBe('secret');
    expect(await content(server, 'a')).toBe('inside');
  });

  test('a linked folder that leads out of the store is 403', async () => {
    await using server = await start({ 'outside/': null });
    await symlink('../outside', join(server.directory, 'store/folder'));
    expect((await put(server, '/files/folder/a', 'x')).status).toBe(403);
    expect(await readdir(join(server.directory, 'outside'))).toEqual([]);
  });
});

describe('a configuration without a usable store is refused', () => {
  test.each([
    ['upload on;', /upload has no directory to store files in/],
    ['upload on; root missing;', /missing does not exist/],
    ['upload on; upload_store file;', /file is not a directory/],
    ['upload on; root .; upload_conflict perhaps;', /"replace", "rename", "refuse"/],
  ])('%s', async (conf, message) => {
    await expect(startTestServer(conf, { file: '' })).rejects.toThrow(message);
  });
});

test('many files put at once are all whole', async () => {
  await using server = await start();
  const body = (index: number): string => String(index).repeat(100_000);
  const indices = Array.from({ length: 50 }, (_, index) => index);
  const answers = await Promise.all(indices.map((index) => put(server, `/files/${index}`, body(index))));
  expect(answers.every((answer) => answer.status === 201)).toBe(true);
  for (const index of indices) expect(await content(server, String(index))).toBe(body(index));
});
