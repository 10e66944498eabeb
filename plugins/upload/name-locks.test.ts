import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodePath, type OpenDirectory, openDirectory, resolveUnder } from '@webserv/server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeyedQueue } from './keyed-queue.js';
import { NameLocks } from './name-locks.js';
import { lockForProcesses } from './process-lock.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'webserv-locks-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function openFolder(): Promise<OpenDirectory> {
  const path = decodePath('/');
  const resolved = path && resolveUnder({ prefix: '/', directory: folder }, path);
  const lookup = resolved && (await openDirectory(resolved, { directory: folder, followSymlinks: false }));
  if (lookup?.kind !== 'directory') throw new Error('no folder');
  return lookup.directory;
}

describe('a queue by key', () => {
  test('lets one at a time in for a key, in order, and any number for different keys', async () => {
    const queue = new KeyedQueue();
    const log: string[] = [];
    const work = (key: string, name: string): Promise<void> =>
      queue.take(key, async () => {
        log.push(`${name} starts`);
        await sleep(5);
        log.push(`${name} ends`);
      });
    await Promise.all([work('a', 'a1'), work('a', 'a2'), work('b', 'b1')]);
    expect(log.filter((line) => line.startsWith('a'))).toEqual([
      'a1 starts',
      'a1 ends',
      'a2 starts',
      'a2 ends',
    ]);
    expect(log.indexOf('b1 starts')).toBeLessThan(log.indexOf('a1 ends'));
  });

  test('goes on after work that failed, and counts those before', async () => {
    const queue = new KeyedQueue();
    const failing = queue.take('a', () => Promise.reject(new Error('no')));
    const next = queue.take('a', async (position) => position);
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe(1);
    expect(await queue.take('a', async (position) => position)).toBe(0);
  });
});

test('a name is the same one by whatever path its directory was opened', async () => {
  const [one, other] = [await openFolder(), await openFolder()];
  const locks = [new NameLocks(), new NameLocks()];
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await sleep(2);
    inside -= 1;
  };
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      locks[index % 2]?.take(index % 3 === 0 ? one : other, 'name', work),
    ),
  );
  expect(most).toBe(1);
  await one.close();
  await other.close();
});

describe.skipIf(process.platform !== 'linux')('a lock for processes', () => {
  /** Acquires the same lock as this process and never releases it. */
  const HOLDER = `
    const { createServer } = require('node:net');
    const { createHash } = require('node:crypto');
    const digest = createHash('sha256').update(process.argv[1]).digest('hex').slice(0, 32);
    createServer().listen('\\0webserv-upload-' + digest, () => process.send('held'));
  `;

  test('is free again when the process that holds it is killed', async () => {
    const key = `${folder}:killed`;
    const child = spawn(process.execPath, ['-e', HOLDER, key], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    const waiting = lockForProcesses(key);
    const early = await Promise.race([waiting.then(() => 'taken'), sleep(200).then(() => 'waits')]);
    expect(early).toBe('waits');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await waiting)();
  });

  test('is waited for a bounded time: 503', async () => {
    const key = `${folder}:kept`;
    const release = await lockForProcesses(key);
    const start = performance.now();
    await expect(lockForProcesses(key)).rejects.toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
    });
    expect(performance.now() - start).toBeGreaterThan(9000);
    await release();
    await (await lockForProcesses(key))();
  });
});
