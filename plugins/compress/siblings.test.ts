import { rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { startTestServer } from '@webserv/server/testing';
import { describe, it } from 'vitest';
import { coding, FILES, get, gzip, TEXT } from './client.test.fixture.js';

// These tests mostly wait.
describe.concurrent('compress_static', () => {
  const MARKED = `${TEXT}(made before)`;
  const siblings = {
    ...FILES,
    'www/a.html.br': brotliCompressSync(MARKED),
    'www/a.html.gz': gzipSync(MARKED),
    'www/large.txt.gz': gzipSync(MARKED),
    'www/only.html.gz': gzipSync(MARKED),
  };

  it('answers with the sibling of a file, without compressing anything itself', async ({ expect }) => {
    await using server = await startTestServer('root www; compress_static on;', siblings);
    for (const path of ['/a.html', '/large.txt']) {
      const response = await get(server, path, gzip);
      expect([coding(response), gunzipSync(response.bytes).toString()]).toEqual(['gzip', MARKED]);
      expect(response.headers.get('content-type')).toContain(path === '/a.html' ? 'text/html' : 'text/plain');
      expect(response.headers.get('content-length')).toBe(String(response.bytes.length));
    }
    expect(coding(await get(server, '/a.html', { 'Accept-Encoding': 'gzip, br' }))).toBe('br');
    expect(coding(await get(server, '/a.txt', gzip))).toBe('identity');
    expect((await get(server, '/a.txt', gzip)).headers.get('vary')).toBe('accept-encoding');
  });

  it('answers with a sibling in zstd, also on a Node that cannot make one', async ({ expect }) => {
    const zstd = Buffer.from('made before, elsewhere');
    await using server = await startTestServer('root www; compress_static on;', {
      ...FILES,
      'www/a.html.zst': zstd,
    });
    const response = await get(server, '/a.html', { 'Accept-Encoding': 'gzip, zstd' });
    expect([coding(response), response.bytes]).toEqual(['zstd', zstd]);
  });

  it('is 404 where the file itself is not there', async ({ expect }) => {
    await using server = await startTestServer('root www; compress_static on;', siblings);
    expect((await get(server, '/only.html', gzip)).status).toBe(404);
  });

  it('does not response with one that is older than its file', async ({ expect }) => {
    await using server = await startTestServer('root www; compress on; compress_static on;', siblings);
    const old = new Date(Date.now() - 60_000);
    for (const name of ['a.html.br', 'a.html.gz'])
      await utimes(join(server.directory, 'www', name), old, old);
    const response = await get(server, '/a.html', gzip);
    expect(gunzipSync(response.bytes).toString()).toBe(TEXT);
  });

  it('does not follow a link that leads out of the root', async ({ expect }) => {
    await using server = await startTestServer('root www; compress_static on;', {
      ...FILES,
      'secret.gz': gzipSync('secret'),
    });
    await symlink('../secret.gz', join(server.directory, 'www/a.html.gz'));
    expect(coding(await get(server, '/a.html', gzip))).toBe('identity');
  });

  it('does not mistake a script’s page at a file’s URL for the file', async ({ expect }) => {
    await using server = await startTestServer('root www; compress_static on; cgi .html /bin/sh;', {
      'www/a.html': "printf 'Content-Type: text/html\\n\\n'; printf '%2000d' 7",
      'www/a.html.gz': gzipSync(MARKED),
    });
    const response = await get(server, '/a.html', gzip);
    expect([coding(response), response.bytes.length]).toEqual(['identity', 2000]);
  });

  it('serves a new version of both within a second', async ({ expect }) => {
    await using server = await startTestServer('root www; compress_static on;', siblings);
    await sleep(1100);
    expect(gunzipSync((await get(server, '/a.html', gzip)).bytes).toString()).toBe(MARKED);
    await writeFile(join(server.directory, 'new'), `${TEXT}!`);
    await rename(join(server.directory, 'new'), join(server.directory, 'www/a.html'));
    await writeFile(join(server.directory, 'www/a.html.gz'), gzipSync('second version'));
    await sleep(1100);
    expect(gunzipSync((await get(server, '/a.html', gzip)).bytes).toString()).toBe('second version');
  });

  it('finds one that comes later, is replaced, or goes', async ({ expect }) => {
    await using server = await startTestServer('root www; compress_static on;', FILES);
    await sleep(1100); // from now on the file is cached
    const sibling = join(server.directory, 'www/a.html.gz');
    expect(coding(await get(server, '/a.html', gzip))).toBe('identity');
    for (const text of ['first', 'other']) {
      await writeFile(sibling, gzipSync(text));
      await sleep(1100);
      expect(gunzipSync((await get(server, '/a.html', gzip)).bytes).toString()).toBe(text);
    }
    await rm(sibling);
    await sleep(1100);
    expect(coding(await get(server, '/a.html', gzip))).toBe('identity');
  });

  it('answers a folder with the sibling of its index file, kept or not', async ({ expect }) => {
    await using server = await startTestServer('root www; compress on; compress_static on;', {
      'www/index.html': TEXT,
      'www/index.html.gz': gzipSync(MARKED),
      'www/index.html.br': brotliCompressSync(MARKED),
    });
    await sleep(1100);
    expect(coding(await get(server, '/'))).toBe('identity');
    for (let turn = 0; turn < 3; turn += 1) {
      expect(gunzipSync((await get(server, '/', gzip)).bytes).toString()).toBe(MARKED);
      expect(gunzipSync((await get(server, '/index.html', gzip)).bytes).toString()).toBe(MARKED);
    }
  });

  it('does not response with one that saves nothing', async ({ expect }) => {
    await using server = await startTestServer('root www; compress_static on;', {
      'www/a.html': TEXT,
      'www/a.html.gz': TEXT,
    });
    expect(coding(await get(server, '/a.html', gzip))).toBe('identity');
  });

  it('is 404 for a hidden file', async ({ expect }) => {
    await using server = await startTestServer('root www; compress_static on;', {
      'www/.a.html': TEXT,
      'www/.a.html.gz': gzipSync(MARKED),
    });
    expect((await get(server, '/.a.html', gzip)).status).toBe(404);
  });

  it('answers HEAD, conditions and ranges as for the file itself', async ({ expect }) => {
    await using server = await startTestServer('root www; compress_static on;', siblings);
    for (const path of ['/a.html', '/large.txt']) {
      const got = await get(server, path, gzip);
      const head = await get(server, path, gzip, 'HEAD');
      expect(head.bytes.length).toBe(0);
      for (const name of ['content-encoding', 'content-length', 'etag', 'last-modified', 'vary']) {
        expect([name, head.headers.get(name)]).toEqual([name, got.headers.get(name)]);
      }
      const etag = got.headers.get('etag') ?? '';
      const again = await get(server, path, { ...gzip, 'If-None-Match': etag });
      expect([again.status, again.headers.get('etag')]).toEqual([304, etag]);
      const part = await get(server, path, { ...gzip, Range: 'bytes=0-9' });
      expect([part.status, coding(part), part.bytes.toString()]).toEqual([
        206,
        'identity',
        TEXT.slice(0, 10),
      ]);
    }
  });
});
