import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../cli/afterwards.js';
import { folderWith, type Serving, serving, webserv } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { masterOf, replaceWorker, standbyOf } from './running.js';

/** `me:secret` */
const USERS = 'me:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n';
const authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`;

const conf = (port: number, text: string): string =>
  `server { listen 127.0.0.1:${port}; location = / { return 200 ${text}; }
    location /x { root ../files; auth_basic it; auth_basic_user_file ../users; } }`;

const responseTo = (server: Serving, path = '/'): Promise<string> =>
  fetch(`${server.url}${path}`, { headers: { authorization, connection: 'close' } }).then(
    (response) => response.text(),
    () => 'nothing',
  );

/** A story: one server, started by relative names in a directory that is a symbolic link, as in a deploy of releases. */
describe.runIf(process.platform === 'linux')('a server whose working directory is removed', () => {
  const site = shared(async () => {
    const port = await freePort();
    const folder = await folderWith({
      'releases/1/webserv.conf': conf(port, 'old'),
      'files/a': 'a',
      users: USERS,
    });
    const app = join(folder, 'current');
    await symlink('releases/1', app);
    const server = await serving(['webserv.conf'], { cwd: app, environment: { PWD: app } });
    const release = async (number: number, text: string): Promise<void> => {
      const directory = join(folder, `releases/${number}`);
      await mkdir(directory);
      await writeFile(join(directory, 'webserv.conf'), conf(port, text));
      await symlink(`releases/${number}`, join(folder, 'next'));
      await rename(join(folder, 'next'), app);
    };
    return { folder, app, server, release };
  });

  it('replaces its workers, and threads can be started in them', async () => {
    const { folder, app, server } = site();
    await standbyOf(masterOf(server));
    await rm(app);
    await rename(join(folder, 'releases/1'), join(folder, 'removed'));
    await rm(join(folder, 'removed'), { recursive: true });
    expect(await responseTo(server, '/x/a')).toBe('a');
    for (let count = 0; count < 2; count += 1) await replaceWorker(server);
    expect([await responseTo(server), await responseTo(server, '/x/a')]).toEqual(['old', 'a']);
    expect(server.stderr()).not.toMatch(/uv_cwd|crash loop/);
  });

  it('rejects a reload with the absolute path of the missing directory, and reads a later directory of that name', async () => {
    const { app, server, release } = site();
    server.child.kill('SIGHUP');
    await expect.poll(() => server.stderr()).toContain(`${app}/webserv.conf does not exist`);
    expect(server.stderr()).not.toContain('uv_cwd');
    await release(2, 'new');
    server.child.kill('SIGHUP');
    await expect.poll(() => responseTo(server)).toBe('new');
    await replaceWorker(server);
    expect(await responseTo(server)).toBe('new');
  });

  it('by a symbolic link reads, at a reload, the current target of the link', async () => {
    const { folder, server, release } = site();
    await release(3, 'newest');
    await rm(join(folder, 'releases/2'), { recursive: true });
    server.child.kill('SIGHUP');
    await expect.poll(() => responseTo(server)).toBe('newest');
  });

  it('as --prefix finds its configuration by an absolute path', async () => {
    const port = await freePort();
    const folder = await folderWith({ 'app/webserv.conf': conf(port, 'old'), 'files/a': 'a', users: USERS });
    const app = join(folder, 'app');
    const server = await serving(['--prefix', '.', 'webserv.conf'], { cwd: app, environment: { PWD: app } });
    await rm(app, { recursive: true });
    await mkdir(app);
    await writeFile(join(app, 'webserv.conf'), conf(port, 'new'));
    server.child.kill('SIGHUP');
    await expect.poll(() => responseTo(server)).toBe('new');
  });
});

describe.runIf(process.platform === 'linux')('a command in a directory that has been removed', () => {
  const removed = (args: string): readonly string[] => [
    '/bin/sh',
    '-c',
    `rmdir "$PWD"; exec "$@" ${args}`,
    'sh',
  ];

  it.each([
    ['takes absolute names', (file: string) => `--test '${file}'`, 0, 'fine'],
    [
      'says that relative ones name nothing',
      () => '--test x.conf',
      2,
      'the working directory has been removed',
    ],
    ['says so where none is given', () => '--test', 2, 'the working directory has been removed'],
  ])('%s', async (_, args, code, told) => {
    const folder = await folderWith({ 'webserv.conf': 'server { listen 8080; return 204; }' });
    await mkdir(join(folder, 'here'));
    const ended = await webserv([], {
      cwd: join(folder, 'here'),
      environment: { PWD: join(folder, 'here') },
      through: removed(args(join(folder, 'webserv.conf'))),
    });
    expect(ended.code).toBe(code);
    expect(ended.stdout + ended.stderr).toContain(told);
    expect(ended.stderr).not.toContain('uv_cwd');
  });
});
