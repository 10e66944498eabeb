import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestServer } from '@webserv/server/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

/** Makes writes to any file fail with a system error, from the n-th on. */
async function failWrites(code: string, from: number): Promise<void> {
  const probe = await open(process.execPath);
  const prototype = Object.getPrototypeOf(probe);
  await probe.close();
  const write = prototype.write;
  let count = 0;
  vi.spyOn(prototype, 'write').mockImplementation(function (this: unknown, ...args: unknown[]) {
    count += 1;
    if (count >= from) return Promise.reject(Object.assign(new Error(`${code}: injected`), { code }));
    return Reflect.apply(write, this, args);
  });
}

beforeEach(() => vi.restoreAllMocks());
afterEach(() => vi.restoreAllMocks());

const conf = 'root store; upload on; upload_conflict replace; client_max_body_size 10m;';

describe('a store that fails while a file is written', () => {
  test.each([
    ['ENOSPC', 507],
    ['EDQUOT', 507],
    ['EFBIG', 413],
    ['EROFS', 403],
    ['EACCES', 403],
    ['EMFILE', 503],
    ['EIO', 500],
  ])('with %s is %i, and the old file stays whole', async (code, status) => {
    await using server = await startTestServer(conf, { 'store/a': 'old' });
    await failWrites(code, 3);
    const body = new Uint8Array(2_000_000);
    const answer = await server.fetch('/a', { method: 'PUT', body });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('retry-after')).toBe(status === 503 ? '1' : null);
    const form = new FormData();
    form.append('f', new File(['x'], 'b'));
    form.append('f', new File([body], 'a'));
    expect((await server.fetch('/', { method: 'POST', body: form })).status).toBe(status);
    expect(await readdir(join(server.directory, 'store'))).toEqual(['a']);
    expect(await readFile(join(server.directory, 'store/a'), 'utf8')).toBe('old');
    vi.restoreAllMocks();
    expect((await server.fetch('/a', { method: 'PUT', body: 'new' })).status).toBe(204);
  });
});
