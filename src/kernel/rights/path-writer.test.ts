import { chmod, chown, link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openFileSink } from '../log/log-sink.js';
import type { Account } from './account.js';
import { inheritedStream } from './inherited-stream.js';
import { safePath, writerOf } from './path-writer.js';
import { sharedDirectory } from './shared-directory.js';
import { writeProblem } from './write-problem.js';

const USER: Account = { uid: 65_534, gid: 65_534, groups: [] };
const OTHER: Account = { uid: 12_345, gid: 12_345, groups: [] };

/** Creates a directory owned by root in the sticky directory for temporary files. */
async function rootsOwn(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'webserv-rights-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  await chmod(path, 0o755);
  return path;
}

async function directory(path: string, mode: number, { uid, gid }: Account = { uid: 0, gid: 0, groups: [] }) {
  await mkdir(path);
  await chown(path, uid, gid);
  await chmod(path, mode);
  return path;
}

describe.runIf(process.getuid?.() === 0 && process.platform === 'linux')('root uses', () => {
  test('its own rights if only root decides which file it is', async () => {
    const own = await rootsOwn();
    for (const name of ['a.log', 'absent/a.log', 'b/../a.log'])
      expect(writerOf(join(own, name), USER)).toBeUndefined();
    expect(writerOf('/etc/a.log', USER)).toBeUndefined();
    const byRoot = await directory(join(own, 'group-of-root'), 0o775);
    expect(writerOf(join(byRoot, 'a.log'), USER)).toBeUndefined();
  });

  test.each([
    ['is of the workers’ user', 0o755, USER],
    ['is of another user', 0o700, OTHER],
    ['is open to all', 0o777, undefined],
    ['is open to all, and sticky', 0o1777, undefined],
    ['is open to a group', 0o775, { ...OTHER, uid: 0 }],
  ])('the rights of the workers’ user if a directory of the path %s', async (_, mode, owner) => {
    const shared = await directory(join(await rootsOwn(), 'shared'), mode, owner);
    expect(writerOf(join(shared, 'a.log'), USER)).toEqual(USER);
    await mkdir(join(shared, 'below'));
    const isSticky = (mode & 0o1000) !== 0;
    // Only root can move a directory of root's out of a sticky directory of root's.
    expect(writerOf(join(shared, 'below/a.log'), USER)).toEqual(isSticky ? undefined : USER);
    expect(writerOf(join(shared, 'absent/a.log'), USER)).toEqual(USER);
  });

  test('without a user, the rights of the directory’s owner, or of nobody if all users can write', async () => {
    const own = await rootsOwn();
    const others = await directory(join(own, 'others'), 0o755, OTHER);
    const all = await directory(join(own, 'all'), 0o1777);
    const root: Account = { uid: 0, gid: 0, groups: [] };
    for (const account of [undefined, root]) {
      expect(writerOf(join(others, 'a.log'), account)).toEqual(OTHER);
      expect(writerOf(join(all, 'a.log'), account)).toMatchObject({ uid: 65_534, groups: [] });
    }
  });

  test('links that only root can have made, and no others', async () => {
    const own = await rootsOwn();
    const shared = await directory(join(own, 'shared'), 0o755, USER);
    await directory(join(own, 'target'), 0o755);
    await symlink('target', join(own, 'link'));
    await symlink('link/b.log', join(own, 'file'));
    expect(safePath(join(own, 'link/a.log'), USER)).toEqual({
      path: join(own, 'target/a.log'),
      writer: undefined,
    });
    expect(safePath(join(own, 'file'), USER)).toEqual({ path: join(own, 'target/b.log'), writer: undefined });
    await symlink(join(own, 'target'), join(shared, 'planted'));
    expect(safePath(join(shared, 'planted/a.log'), USER)).toMatchObject({ writer: USER });
    await symlink('shared/planted', join(own, 'through'));
    expect(safePath(join(own, 'through/a.log'), USER)).toMatchObject({ writer: USER });
    await symlink('round', join(own, 'round'));
    expect(safePath(join(own, 'round'), USER).writer).toBeUndefined();
    await expect(openFileSink(join(own, 'round'), USER)).rejects.toMatchObject({ code: 'ELOOP' });
  });

  test('no link or second name of a log where others can write', async () => {
    const own = await rootsOwn();
    const shared = await directory(join(own, 'shared'), 0o755, USER);
    await writeFile(join(own, 'secret'), 'secret', { mode: 0o600 });
    await symlink(join(own, 'secret'), join(shared, 'link.log'));
    await symlink(join(own, 'new'), join(shared, 'new.log'));
    await link(join(own, 'secret'), join(shared, 'hard.log'));
    await link(join(own, 'secret'), join(own, 'hard.log'));
    await expect(openFileSink(join(shared, 'link.log'), USER)).rejects.toMatchObject({ code: 'ELOOP' });
    await expect(openFileSink(join(shared, 'new.log'), USER)).rejects.toMatchObject({ code: 'ELOOP' });
    await expect(openFileSink(join(shared, 'hard.log'), USER)).rejects.toMatchObject({ code: 'EACCES' });
    await expect(openFileSink(join(own, 'hard.log'), USER)).rejects.toMatchObject({ code: 'EMLINK' });
    expect(await writeProblem(join(shared, 'link.log'), USER)).toContain('symbolic link');
    expect(await writeProblem(join(shared, 'hard.log'), USER)).toContain('the rights of user 65534');
    expect(await writeProblem(join(own, 'hard.log'), USER)).toContain('hard link');
    expect(await writeProblem(join(shared, 'fine.log'), USER)).toBeUndefined();
    // A file that the user may not write to either is reported before the start.
    const others = await directory(join(own, 'others'), 0o755, OTHER);
    expect(await writeProblem(join(others, 'a.log'), USER)).toContain('the rights of user 65534');
    await expect(openFileSink(join(others, 'a.log'), USER)).rejects.toMatchObject({ code: 'EACCES' });
    expect([process.geteuid?.(), process.getegid?.()]).toEqual([0, 0]);
  });

  test('a warning for a directory that users other than root and the workers can write to', async () => {
    const own = await rootsOwn();
    expect(await sharedDirectory(join(own, 'a.log'), USER)).toBeUndefined();
    const users = await directory(join(own, 'users'), 0o775, USER);
    expect(await sharedDirectory(join(users, 'a.log'), USER)).toBeUndefined();
    expect(await sharedDirectory('/dev/stdout', USER)).toBeUndefined();
    const others = await directory(join(own, 'others'), 0o755, OTHER);
    const group = await directory(join(own, 'group'), 0o775, { ...OTHER, uid: 0 });
    const all = await directory(join(own, 'all'), 0o1777);
    for (const doubtful of [others, group, all])
      expect(await sharedDirectory(join(doubtful, 'a.log'), USER)).toMatchObject({ directory: doubtful });
  });
});

describe('a path of an inherited stream', () => {
  test.each([
    ['/dev/stdout', 1],
    ['/dev/stderr', 2],
    ['/dev/fd/1', 1],
    ['/proc/self/fd/2', 2],
    ['/dev/fd/17', 17],
    ['/dev/null', 'null'],
    ['/dev/full', undefined],
    ['/var/log/stdout', undefined],
  ])('%s is a stream, not a file to open', (path, stream) => {
    expect(inheritedStream(path)).toBe(stream);
  });

  test('may be the target of a link, as in container images', async () => {
    const own = await rootsOwn();
    await symlink('/dev/stdout', join(own, 'access.log'));
    await symlink('access.log', join(own, 'other.log'));
    expect(inheritedStream(join(own, 'access.log'))).toBe(1);
    expect(inheritedStream(join(own, 'other.log'))).toBe(1);
    await symlink('round', join(own, 'round'));
    expect(inheritedStream(join(own, 'round'))).toBeUndefined();
  });
});
