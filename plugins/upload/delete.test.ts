import { readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestServer, type TestFiles, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

const start = (files: TestFiles): Promise<TestServer> =>
  startTestServer('location /files { root store; upload on; upload_delete on; }', {
    'store/': null,
    ...files,
  });

const remove = async (server: TestServer, path: string, headers = {}): Promise<number> =>
  (await server.fetch(path, { method: 'DELETE', headers })).status;

const stored = (server: TestServer, folder = ''): Promise<string[]> =>
  readdir(join(server.directory, 'store', folder));

describe('DELETE', () => {
  test('of a file is 204, and again 404', async () => {
    await using server = await start({ 'store/a b': 'x', 'store/dir/c': 'y' });
    expect(await remove(server, '/files/a%20b')).toBe(204);
    expect(await remove(server, '/files/a%20b')).toBe(404);
    expect(await remove(server, '/files/dir/c')).toBe(204);
    expect(await stored(server)).toEqual(['dir']);
  });

  test('of a folder is 409, empty or not, with a slash or without', async () => {
    await using server = await start({ 'store/full/a': 'x', 'store/empty/': null });
    for (const path of [
      '/files/full',
      '/files/full/',
      '/files/empty',
      '/files/empty/',
      '/files',
      '/files/',
    ]) {
      expect(await remove(server, path), path).toBe(409);
    }
    expect((await stored(server)).sort()).toEqual(['empty', 'full']);
    expect(await stored(server, 'full')).toEqual(['a']);
  });

  test('of what is not there is 404', async () => {
    await using server = await start({ 'store/a': 'x' });
    for (const path of ['/files/b', '/files/b/', '/files/no/a', '/files/a/', '/files/a/b']) {
      expect(await remove(server, path), path).toBe(404);
    }
    expect(await stored(server)).toEqual(['a']);
  });

  test('of a link is 409: neither the link nor what it leads to is lost', async () => {
    await using server = await start({ 'store/a': 'x', 'outside/b': 'y' });
    await symlink('a', join(server.directory, 'store/file'));
    await symlink('../outside', join(server.directory, 'store/folder'));
    for (const path of ['/files/file', '/files/folder', '/files/folder/'])
      expect(await remove(server, path)).toBe(409);
    expect(await remove(server, '/files/folder/b')).toBe(403);
    expect((await stored(server)).sort()).toEqual(['a', 'file', 'folder']);
    expect(await readdir(join(server.directory, 'outside'))).toEqual(['b']);
  });

  test('with a failing precondition is 412', async () => {
    await using server = await start({ 'store/a': 'x' });
    const etag = (await server.fetch('/files/a')).headers.get('etag') ?? '';
    expect(await remove(server, '/files/a', { 'if-match': '"other"' })).toBe(412);
    expect(await remove(server, '/files/a', { 'if-none-match': etag })).toBe(412);
    expect(await stored(server)).toEqual(['a']);
    expect(await remove(server, '/files/a', { 'if-match': etag })).toBe(204);
  });

  test('many at once of one file: one is 204, the others 404', async () => {
    await using server = await start({ 'store/a': 'x' });
    const statuses = await Promise.all(Array.from({ length: 10 }, () => remove(server, '/files/a')));
    expect(statuses.sort()).toEqual([204, ...Array.from({ length: 9 }, () => 404)]);
  });
});
