import { readdir, readlink, rename, symlink, truncate, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, it } from 'vitest';

const LARGE = 3 * 1024 * 1024;

/** Files are held open only when they have not changed for a second. */
async function settled(conf: string): Promise<TestServer> {
  const server = await startTestServer(conf, { 'www/large.bin': Buffer.alloc(LARGE, 'a') });
  await sleep(1100);
  return server;
}

async function openCount(server: TestServer, name: string): Promise<number> {
  const path = join(server.directory, name);
  const descriptors = await readdir('/proc/self/fd');
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return targets.filter((target) => target.replace(/ \(deleted\)$/, '') === path).length;
}

async function range(server: TestServer, path = '/large.bin'): Promise<string> {
  const response = await server.fetch(path, { headers: { range: 'bytes=1000000-1000003' } });
  return `${response.status} ${await response.text()}`;
}

// These tests mostly wait.
describe.concurrent('a large file', () => {
  it('is opened once for all who ask for it, and closed when nobody does', async ({ expect }) => {
    await using server = await settled('root www;');
    await Promise.all(Array.from({ length: 30 }, () => range(server)));
    expect(await openCount(server, 'www/large.bin')).toBe(1);
    await expect.poll(() => openCount(server, 'www/large.bin')).toBe(0);
  });

  it('is served changed within a second after it changed', async ({ expect }) => {
    await using server = await settled('root www;');
    expect(await range(server)).toBe('206 aaaa');
    await writeFile(join(server.directory, 'www/new'), Buffer.alloc(LARGE, 'b'));
    await rename(join(server.directory, 'www/new'), join(server.directory, 'www/large.bin'));
    await sleep(1050);
    expect(await range(server)).toBe('206 bbbb');
  });

  it('is gone within a second after it was removed', async ({ expect }) => {
    await using server = await settled('root www;');
    expect(await range(server)).toBe('206 aaaa');
    await unlink(join(server.directory, 'www/large.bin'));
    await sleep(1050);
    expect(await range(server)).toMatch(/^404 /);
  });

  it('that is read while another takes its place is read to its end', async ({ expect }) => {
    await using server = await settled('root www;');
    const response = await server.fetch('/large.bin');
    await writeFile(join(server.directory, 'www/new'), 'short');
    await rename(join(server.directory, 'www/new'), join(server.directory, 'www/large.bin'));
    await sleep(1100);
    expect(await (await server.fetch('/large.bin')).text()).toBe('short');
    expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.alloc(LARGE, 'a'))).toBe(true);
  });

  it('changed by this server is looked at again at once', async ({ expect }) => {
    await using server = await settled('location / { root www; upload on; upload_delete on; }');
    expect(await range(server)).toBe('206 aaaa');
    expect((await server.fetch('/large.bin', { method: 'DELETE' })).status).toBe(204);
    expect(await range(server)).toMatch(/^404 /);
  });

  it('outside of the root is not reached through a route that may not follow links, held or not', async ({
    expect,
  }) => {
    await using server = await startTestServer(
      'location /may { root www; follow_symlinks on; } location /not { root www; }',
      { 'outside/large.bin': Buffer.alloc(LARGE, 's'), 'www/a.txt': '' },
    );
    await symlink('../outside/large.bin', join(server.directory, 'www/link.bin'));
    await sleep(1100);
    expect(await range(server, '/may/link.bin')).toBe('206 ssss');
    expect(await range(server, '/not/link.bin')).toMatch(/^403 /);
    expect(await range(server, '/may/link.bin')).toBe('206 ssss');
  });

  it('that becomes shorter is not promised longer for more than a second', async ({ expect }) => {
    await using server = await settled('root www;');
    expect(await range(server)).toBe('206 aaaa');
    await truncate(join(server.directory, 'www/large.bin'), 10);
    await utimes(join(server.directory, 'www/large.bin'), new Date(), new Date());
    await sleep(1050);
    expect(await (await server.fetch('/large.bin')).text()).toBe('aaaaaaaaaa');
  });
});

describe.concurrent('a path at which there is nothing', () => {
  it('asked for again and again is found within a second after something comes there', async ({ expect }) => {
    await using server = await startTestServer('root www;', { 'www/a.txt': '' });
    const status = async (): Promise<number> => (await server.fetch('/none.txt')).status;
    for (let turn = 0; turn < 40; turn += 1) expect(await status()).toBe(404);
    await writeFile(join(server.directory, 'www/none.txt'), 'here');
    await sleep(1050);
    expect(await status()).toBe(200);
  });

  it('asked for now and then is looked at each time', async ({ expect }) => {
    await using server = await startTestServer('root www;', { 'www/a.txt': '' });
    for (let turn = 0; turn < 5; turn += 1) {
      expect((await server.fetch(`/new-${turn}.txt`)).status).toBe(404);
      await writeFile(join(server.directory, `www/new-${turn}.txt`), 'here');
      expect((await server.fetch(`/new-${turn}.txt`)).status).toBe(200);
    }
  });

  it('is looked at again at once when this server stores a file', async ({ expect }) => {
    await using server = await startTestServer('location / { root www; upload on; }', { 'www/a.txt': '' });
    for (let turn = 0; turn < 40; turn += 1) expect((await server.fetch('/up.txt')).status).toBe(404);
    expect((await server.fetch('/up.txt', { method: 'PUT', body: 'here' })).status).toBe(201);
    expect(await (await server.fetch('/up.txt')).text()).toBe('here');
  });
});
