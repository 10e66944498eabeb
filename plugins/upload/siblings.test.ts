import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { startTestServer, type TestFiles, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

const PAGE = 'the page itself, which is longer than what is compressed '.repeat(20);
const EVIL = gzipSync('evil');

const start = (conf: string, files: TestFiles = { 'store/page.html': PAGE }): Promise<TestServer> =>
  startTestServer(conf, files);

const put = async (server: TestServer, path: string, body: string | Uint8Array): Promise<number> =>
  (await server.fetch(path, { method: 'PUT', body })).status;

async function postForm(server: TestServer, names: readonly string[], path = '/'): Promise<number> {
  const body = new FormData();
  for (const name of names) body.append('f', new File([EVIL], name));
  return (await server.fetch(path, { method: 'POST', body })).status;
}

async function seenByGzipClient(server: TestServer, path: string): Promise<string> {
  const answer = await server.fetch(path, { headers: { 'accept-encoding': 'gzip' } });
  return answer.text();
}

describe.each(['', 'upload_conflict refuse;', 'upload_conflict replace;', 'upload_conflict rename;'])(
  'where compressed siblings are sent, with "%s", the name of one',
  (policy) => {
    const conf = `root store; upload on; upload_trusted on; compress_static on; ${policy}`;

    test('of an existing file is 409 for PUT and for a form, also when the sibling is there', async () => {
      await using server = await start(conf);
      for (const suffix of ['.gz', '.br', '.zst']) {
        expect(await put(server, `/page.html${suffix}`, EVIL)).toBe(409);
        expect(await postForm(server, ['other', `page.html${suffix}`])).toBe(409);
      }
      expect(await readdir(join(server.directory, 'store'))).toEqual(['page.html']);
      await writeFile(join(server.directory, 'store/page.html.gz'), gzipSync(PAGE));
      expect(await put(server, '/page.html.gz', EVIL)).toBe(409);
      expect(await seenByGzipClient(server, '/page.html')).toBe(PAGE);
    });

    test('is a name like any other beside no such file, and a later file is sent itself', async () => {
      await using server = await start(conf, { 'store/folder/x': '' });
      expect(await put(server, '/new.html.gz', EVIL)).toBe(201);
      expect(await put(server, '/folder.gz', EVIL)).toBe(201);
      expect(await put(server, '/new.html', PAGE)).toBe(201);
      expect(await seenByGzipClient(server, '/new.html')).toBe(PAGE);
    });

    test('in one form with its file is 409, in the other order its file is sent', async () => {
      await using server = await start(conf, { 'store/': null });
      expect(await postForm(server, ['a.html', 'a.html.gz'])).toBe(409);
      expect(await readdir(join(server.directory, 'store'))).toEqual([]);
    });
  },
);

test('a file is sent itself, though a sibling is as new as it, or newer', async () => {
  await using server = await start('root store; upload on; upload_trusted on; compress_static on;', {
    'store/page.html.gz': EVIL,
  });
  const future = new Date(Date.now() + 3_600_000);
  await utimes(join(server.directory, 'store/page.html.gz'), future, future);
  expect(await put(server, '/page.html', PAGE)).toBe(201);
  expect(await seenByGzipClient(server, '/page.html')).toBe(PAGE);
  expect(await put(server, '/page.html', `${PAGE}2`)).toBe(204);
  expect(await seenByGzipClient(server, '/page.html')).toBe(`${PAGE}2`);
});

test('a sibling that was uploaded while its file was on its way in a form is not sent', async () => {
  await using server = await start('root store; upload on; upload_trusted on; compress_static on;', {
    'store/': null,
  });
  const part = (name: string): string =>
    `--X\r\nContent-Disposition: form-data; name=f; filename=${name}\r\n\r\n${PAGE}\r\n`;
  async function* form(): AsyncGenerator<Buffer> {
    yield Buffer.from(`${part('a.html')}${part('b.txt')}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await put(server, '/a.html.gz', EVIL)).toBe(201);
    yield Buffer.from('--X--\r\n');
  }
  const answer = await server.fetch('/', {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=X' },
    body: ReadableStream.from(form()),
    duplex: 'half',
  });
  expect(answer.status).toBe(201);
  expect(await seenByGzipClient(server, '/a.html')).toBe(PAGE);
});

describe('where they are sent by another route than that of the upload', () => {
  const up = 'location /up { upload on; upload_store store; }';

  test.each([
    ['from the same directory', 'location /files { root store; compress_static on; }', 409],
    ['from one around it', 'location /files { root .; compress_static on; }', 409],
    ['from one in it', 'location /files { root store/sub; compress_static on; }', 409],
    ['from elsewhere', 'location /files { root other; compress_static on; }', 201],
    ['nowhere', 'location /files { root store; }', 201],
    [
      'in another encoding',
      'location /files { root store; compress_static on; compress_encodings br; }',
      201,
    ],
  ])('%s', async (_, route, status) => {
    await using server = await start(`${up} ${route}`, {
      'store/sub/page.html': PAGE,
      'other/x': '',
    });
    expect(await put(server, '/up/sub/page.html.gz', EVIL)).toBe(status);
  });

  test('by another server', async () => {
    const conf = `
      server { listen 127.0.0.1:0; location / { root store; upload on; } }
      server { listen 127.0.0.1:0; server_name other.test; root store; compress_static on; }`;
    await using server = await start(conf);
    expect(await put(server, '/page.html.gz', EVIL)).toBe(409);
  });
});

test('removing a sibling, or its file, is allowed: what is left is sent', async () => {
  await using server = await start(
    'root store; upload on; upload_trusted on; upload_delete on; compress_static on;',
    {
      'store/page.html': PAGE,
      'store/page.html.gz': gzipSync(PAGE),
    },
  );
  expect(gunzipSync(await readFile(join(server.directory, 'store/page.html.gz'))).toString()).toBe(PAGE);
  expect((await server.fetch('/page.html.gz', { method: 'DELETE' })).status).toBe(204);
  expect(await seenByGzipClient(server, '/page.html')).toBe(PAGE);
  expect((await server.fetch('/page.html', { method: 'DELETE' })).status).toBe(204);
  expect((await server.fetch('/page.html')).status).toBe(404);
});
