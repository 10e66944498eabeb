import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodePath, type OpenDirectory, openDirectory, resolveUnder } from '@webserv/server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { removeLeftovers } from './leftovers.js';
import { isLeftover, isTemporaryName, Temporaries } from './temporaries.js';

let store = '';
beforeEach(async () => {
  store = await mkdtemp(join(tmpdir(), 'webserv-leftovers-'));
});
afterEach(() => rm(store, { recursive: true }));

const never = new AbortController().signal;

async function openStore(): Promise<OpenDirectory> {
  const path = decodePath('/');
  const folder = path && resolveUnder({ prefix: '/', directory: store }, path);
  const lookup = folder && (await openDirectory(folder, { directory: store, followSymlinks: false }));
  if (lookup?.kind !== 'directory') throw new Error('no store');
  return lookup.directory;
}

/** Names of temporary files: of this process, then of others. */
async function ownName(): Promise<string> {
  const directory = await openStore();
  const temporaries = new Temporaries();
  const { name } = await temporaries.create(directory);
  await temporaries.dispose();
  await directory.close();
  return name;
}

async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

const withPid = (name: string, pid: number): string => name.replace(`-${process.pid}-`, `-${pid}-`);
const ofEarlierRun = (name: string): string => name.replace(/-[0-9a-f]{8}-(\d+)$/, '-00000000-$1');
const ofOtherHost = (name: string): string => name.replace(/upload-[0-9a-f]{8}/, 'upload-00000000');

describe('a temporary file is left over', () => {
  test('when its process is gone, or was another one with this number', async () => {
    const name = await ownName();
    const now = Date.now();
    expect(await isLeftover(withPid(name, await deadProcess()), now)).toBe(true);
    expect(await isLeftover(ofEarlierRun(name), now)).toBe(true);
  });

  test('not when its process is this one, or runs', async () => {
    const name = await ownName();
    expect(await isLeftover(name, 0)).toBe(false);
    expect(await isLeftover(withPid(name, process.ppid), Date.now())).toBe(false);
  });

  test('when it is another machine’s and nobody wrote to it for a day', async () => {
    const name = ofOtherHost(await ownName());
    expect(await isLeftover(name, Date.now() - 3_600_000)).toBe(false);
    expect(await isLeftover(name, Date.now() - 25 * 3_600_000)).toBe(true);
  });

  test('never with another name', async () => {
    const name = ofEarlierRun(await ownName());
    for (const other of [`${name}x`, name.slice(1), '.webserv-upload-', 'a.txt', `x${name}`]) {
      expect(isTemporaryName(other)).toBe(false);
      expect(await isLeftover(other, 0)).toBe(false);
    }
  });
});

describe('removing what a killed server left', () => {
  test('removes its files in every folder of the store, and nothing else', async () => {
    const name = await ownName();
    const leftover = ofEarlierRun(name);
    await mkdir(join(store, 'a/b'), { recursive: true });
    await mkdir(join(store, 'a', leftover));
    for (const path of [leftover, `a/b/${leftover}`, 'a.txt', name, '.hidden'])
      await writeFile(join(store, path), '');
    expect(await removeLeftovers(store, never)).toBe(2);
    expect((await readdir(store, { recursive: true })).sort()).toEqual(
      ['.hidden', name, 'a', 'a.txt', 'a/b', `a/${leftover}`].sort(),
    );
  });

  test('follows no link', async () => {
    const leftover = ofEarlierRun(await ownName());
    const outside = await mkdtemp(join(tmpdir(), 'webserv-outside-'));
    await writeFile(join(outside, leftover), '');
    await symlink(outside, join(store, 'folder'));
    await symlink(join(outside, leftover), join(store, leftover));
    expect(await removeLeftovers(store, never)).toBe(0);
    expect(await readdir(outside)).toEqual([leftover]);
    await rm(outside, { recursive: true });
  });

  test('leaves an old file of another machine only when it is young', async () => {
    const path = join(store, ofOtherHost(await ownName()));
    await writeFile(path, '');
    expect(await removeLeftovers(store, never)).toBe(0);
    const yesterday = Date.now() / 1000 - 25 * 3600;
    await utimes(path, yesterday, yesterday);
    expect(await removeLeftovers(store, never)).toBe(1);
  });

  test('a store that is not there is no error', async () => {
    expect(await removeLeftovers(join(store, 'no'), never)).toBe(0);
  });
});

test('temporary files still open when the server stops are removed', async () => {
  const directory = await openStore();
  const temporaries = new Temporaries();
  const file = await temporaries.create(directory);
  await file.write(Buffer.alloc(300_000));
  expect(await readdir(store)).toEqual([file.name]);
  await temporaries.dispose();
  expect(await readdir(store)).toEqual([]);
  await expect(file.write(Buffer.alloc(1))).rejects.toMatchObject({ status: 503 });
  await temporaries.remove(file);
  await directory.close();
});
