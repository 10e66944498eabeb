import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

/** Error code of link(2), as on exFAT, SMB and FUSE; undefined means that it works. */
let code: string | undefined;
/** Whether another program replaces each placeholder immediately. */
let racing = false;

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return {
    ...real,
    link: async (from: string, to: string): Promise<void> => {
      if (code === undefined) return real.link(from, to);
      const taken = await real.lstat(to).catch(() => undefined);
      const failure = taken === undefined ? code : 'EEXIST';
      throw Object.assign(new Error(`${failure}: injected`), { code: failure });
    },
    open: async (...[path, flags, mode]: Parameters<typeof real.open>) => {
      const handle = await real.open(path, flags, mode);
      if (racing && flags === 'wx' && String(path).endsWith('/a')) {
        await real.writeFile(`${path}-other`, 'of another program');
        await real.rename(`${path}-other`, path);
      }
      return handle;
    },
  };
});

beforeEach(() => {
  code = 'EPERM';
  racing = false;
});
afterEach(() => vi.restoreAllMocks());

const start = (policy = ''): Promise<TestServer> =>
  startTestServer(`root store; upload on; ${policy}`, { 'store/taken': 'old' });

const put = async (server: TestServer, name: string, headers = {}): Promise<number> =>
  (await server.fetch(`/${name}`, { method: 'PUT', body: 'new', headers })).status;

describe('a store without hard links', () => {
  test.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])(
    '(%s) takes files by every policy',
    async (it) => {
      code = it;
      await using server = await start('upload_conflict refuse;');
      expect([await put(server, 'a'), await put(server, 'a'), await put(server, 'taken')]).toEqual([
        201, 409, 409,
      ]);
      await using renaming = await start();
      const body = new FormData();
      for (const name of ['taken', 'b', 'b']) body.append('f', new File(['new'], name));
      expect((await renaming.fetch('/', { method: 'POST', body })).status).toBe(201);
      expect((await readdir(join(renaming.directory, 'store'))).sort()).toEqual([
        'b',
        'b-1',
        'taken',
        'taken-1',
      ]);
      expect(await readFile(join(renaming.directory, 'store/taken'), 'utf8')).toBe('old');
      expect(await readFile(join(renaming.directory, 'store/taken-1'), 'utf8')).toBe('new');
      expect((await renaming.fetch('/', { method: 'POST', body: 'raw' })).status).toBe(201);
    },
  );

  test('lets one of many at once have a name', async () => {
    await using server = await start();
    const statuses = await Promise.all(
      Array.from({ length: 12 }, () => put(server, 'a', { 'if-none-match': '*' })),
    );
    expect(statuses.sort()).toEqual([201, ...Array.from({ length: 11 }, () => 412)]);
    expect((await readdir(join(server.directory, 'store'))).sort()).toEqual(['a', 'taken']);
  });

  test('does not replace what another program put in the place of the placeholder', async () => {
    await using server = await start('upload_conflict refuse;');
    racing = true;
    expect(await put(server, 'a')).toBe(409);
    expect(await readFile(join(server.directory, 'store/a'), 'utf8')).toBe('of another program');
    expect((await readdir(join(server.directory, 'store'))).sort()).toEqual(['a', 'taken']);
  });

  test('that may not be written to is 403, as before', async () => {
    code = 'EACCES';
    await using server = await start('upload_conflict refuse;');
    await writeFile(join(server.directory, 'store/x'), '');
    expect(await put(server, 'a')).toBe(403);
  });
});
