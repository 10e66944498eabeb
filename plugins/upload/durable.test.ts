import { open, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestServer } from '@webserv/server/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { SyncSlots } from './sync-slots.js';

afterEach(() => vi.restoreAllMocks());

/** Records the files synced to disk from now on, each with its size. */
async function watchSyncs(): Promise<number[]> {
  const probe = await open(process.execPath);
  const prototype = Object.getPrototypeOf(probe);
  await probe.close();
  const sizes: number[] = [];
  const datasync = prototype.datasync;
  vi.spyOn(prototype, 'datasync').mockImplementation(async function (this: typeof probe) {
    sizes.push((await this.stat()).size);
    await Reflect.apply(datasync, this, []);
  });
  return sizes;
}

describe('a file is forced to the disk, whole, before it is said to be stored', () => {
  test('by PUT, POST and a form, and not with upload_sync off', async () => {
    for (const [conf, expected] of [
      ['root store; upload on;', [5, 6, 7, 7]],
      ['root store; upload on; upload_sync off;', []],
    ] as const) {
      await using server = await startTestServer(conf, { 'store/': null });
      const sizes = await watchSyncs();
      expect((await server.fetch('/a', { method: 'PUT', body: '5byte' })).status).toBe(201);
      expect((await server.fetch('/', { method: 'POST', body: '6bytes' })).status).toBe(201);
      const body = new FormData();
      for (const name of ['b', 'c']) body.append('f', new File(['7 bytes'], name));
      expect((await server.fetch('/', { method: 'POST', body })).status).toBe(201);
      expect(sizes).toEqual(expected);
      vi.restoreAllMocks();
    }
  });

  test('a disk that fails then is 507 or 500, and nothing is stored', async () => {
    const probe = await open(process.execPath);
    const prototype = Object.getPrototypeOf(probe);
    await probe.close();
    for (const [code, status] of [
      ['ENOSPC', 507],
      ['EIO', 500],
    ] as const) {
      await using server = await startTestServer('root store; upload on;', { 'store/a': 'old' });
      vi.spyOn(prototype, 'datasync').mockRejectedValue(Object.assign(new Error(code), { code }));
      expect((await server.fetch('/a', { method: 'PUT', body: 'new' })).status).toBe(status);
      vi.restoreAllMocks();
      expect(await (await server.fetch('/a')).text()).toBe('old');
    }
  });
});

test('one is forced at a time, the others wait', async () => {
  const slots = new SyncSlots();
  let running = 0;
  let most = 0;
  await Promise.allSettled(
    Array.from({ length: 10 }, (_, index) =>
      slots.run(async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        if (index % 3 === 0) throw new Error('no');
      }),
    ),
  );
  expect([most, running]).toEqual([1, 0]);
});

test('a file under its own 255 bytes is taken, found and removed', async () => {
  await using server = await startTestServer('root store; upload on; upload_delete on;', { 'store/': null });
  for (const name of ['x'.repeat(255), encodeURIComponent('ß'.repeat(127)), `${'y'.repeat(201)}.txt`]) {
    expect((await server.fetch(`/${name}`, { method: 'PUT', body: 'x' })).status).toBe(201);
    expect((await server.fetch(`/${name}`)).status).toBe(200);
    const body = new FormData();
    body.append('f', new File(['y'], decodeURIComponent(name)));
    const answer = await server.fetch('/', { method: 'POST', body });
    expect(answer.status).toBe(201);
    expect((await server.fetch(answer.headers.get('location') ?? '')).status).toBe(200);
    expect((await server.fetch(`/${name}`, { method: 'DELETE' })).status).toBe(204);
  }
  expect((await server.fetch(`/${'x'.repeat(256)}`, { method: 'PUT', body: 'x' })).status).toBe(400);
});

test('100 files of one taken name are stored without a look at each other’s numbers', async () => {
  await using server = await startTestServer('root store; upload on; upload_sync off;', {
    'store/a.txt': 'old',
  });
  const body = new FormData();
  for (let count = 0; count < 100; count += 1) body.append('f', new File(['x'], 'a.txt'));
  const answer = await server.fetch('/', { method: 'POST', body });
  const names = Array.from((await answer.text()).matchAll(/"name":"([^"]+)"/g), ([, name]) => name);
  expect(new Set(names).size).toBe(100);
  expect(names.slice(0, 5)).toEqual(['a-1.txt', 'a-2.txt', 'a-3.txt', 'a-4.txt', 'a-5.txt']);
  expect(names[5]).toMatch(/^a-[0-9a-f]{8}\.txt$/);
  expect(await (await server.fetch('/a.txt')).text()).toBe('old');
  await symlink('nowhere', join(server.directory, 'store/b'));
  const again = new FormData();
  again.append('f', new File(['x'], 'b'));
  expect((await server.fetch('/', { method: 'POST', body: again })).headers.get('location')).toBe('/b-1');
  await rm(join(server.directory, 'store/b'));
});
