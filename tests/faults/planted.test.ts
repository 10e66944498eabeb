import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, chown, link, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { folderWith, type Serving, serving, webserv } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { childrenOf, responseOf, standbyOf } from '../process/running.js';

const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
const USER = 'nobody';
const uid = (): number => Number(execFileSync('id', ['-u', USER], { encoding: 'utf8' }));

vi.setConfig({ testTimeout: 240_000 });

interface Site {
  readonly folder: string;
  readonly file: string;
  /** A directory of root's, next to that of the user. */
  readonly outside: string;
}

/** Directories for logs, sockets and the pid file that belong to the workers' user. */
async function site(): Promise<Site> {
  const port = await freePort();
  const folder = await folderWith({
    'webserv.conf': `user ${USER};
workers 2;
error_log logs/error.log info;
pid run/webserv.pid;
access_log logs/access.log;
access_log logs/sub/deep.log json;
server {
  listen 127.0.0.1:${port};
  listen unix:sock/web.sock;
  listen unix:sock/sub/deep.sock;
  root www; upload_store store;
  location /up { upload on; }
  location / { return 200 served; }
}
`,
    'www/index.html': 'hello',
    'outside/secret.txt': 'only root may read this\n',
    'outside/public.txt': 'everybody may read this\n',
    'outside/directory/inside.txt': 'inside\n',
  });
  const own = ['logs', 'logs/sub', 'run', 'sock', 'sock/sub', 'store'].map((name) => join(folder, name));
  for (const directory of own) {
    await mkdir(directory);
    await chown(directory, uid(), 65_534);
  }
  await chmod(folder, 0o755);
  const outside = join(folder, 'outside');
  await chmod(join(outside, 'secret.txt'), 0o600);
  return { folder, file: join(folder, 'webserv.conf'), outside };
}

/** Names, owners, modes, times and contents. */
function snapshot(directory: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const look = (path: string): void => {
    const stats = lstatSync(path, { bigint: true });
    const { ino, mode, uid: owner, gid, size, mtimeNs } = stats;
    const content = stats.isFile() ? readFileSync(path, 'latin1') : '';
    found[path] = [ino, mode, owner, gid, size, mtimeNs, content].join(' ');
    if (stats.isDirectory()) for (const name of readdirSync(path)) look(join(path, name));
  };
  look(directory);
  return found;
}

/** Replaces a file by a link, as the user can. */
async function plant(path: string, target: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await symlink(target, path);
}

const served = async (server: Serving): Promise<boolean> =>
  (await responseOf(server).catch(() => '')) === 'served';

/** Kills a worker, which runs as the user, and waits for its replacement. */
async function killOne(server: Serving): Promise<void> {
  const master = server.child.pid ?? 0;
  await standbyOf(master);
  await expect.poll(() => childrenOf(master)).not.toEqual([]);
  const [worker = 0] = await childrenOf(master);
  process.kill(worker, 'SIGKILL');
  await expect.poll(() => childrenOf(master)).not.toContain(worker);
  await expect.poll(() => served(server)).toBe(true);
}

/** Does everything that makes root open, create or delete files. */
async function upset(server: Serving): Promise<void> {
  for (let round = 0; round < 3; round += 1) await killOne(server);
  server.child.kill('SIGUSR1');
  await new Promise((resolve) => setTimeout(resolve, 500));
  await killOne(server);
  // The reload may be rejected: the planted file is not one to log to.
  server.child.kill('SIGHUP');
  await new Promise((resolve) => setTimeout(resolve, 4000));
  await expect.poll(() => served(server)).toBe(true);
  await killOne(server);
  await server.stop();
}

const NAMES = [
  'logs/access.log',
  'logs/error.log',
  'logs/sub/deep.log',
  'sock/web.sock',
  'sock/sub/deep.sock',
  'run/webserv.pid',
];

describe.runIf(isRoot)(
  `root, where user ${USER} owns the directories of logs, sockets and the pid file`,
  () => {
    it('creates all of them with the rights of that user, and deletes them with those', async () => {
      const { folder, file } = await site();
      const server = await serving([file]);
      for (const name of NAMES) expect([name, lstatSync(join(folder, name)).uid]).toEqual([name, uid()]);
      expect(lstatSync(join(folder, 'sock/web.sock')).mode & 0o777).toBe(0o666);
      await expect.poll(() => served(server)).toBe(true);
      await killOne(server);
      await server.stop();
      expect(readdirSync(join(folder, 'run'))).toEqual([]);
      expect(readdirSync(join(folder, 'sock'))).toEqual(['sub']);
    });

    it.each([
      ['a file that is not there', 'new.txt'],
      ["root's own file", 'secret.txt'],
      ['a file that everybody may read', 'public.txt'],
      ['a directory', 'directory'],
    ])('modifies nothing outside when their names become links to %s', async (_, target) => {
      const { folder, file, outside } = await site();
      const server = await serving([file]);
      const before = snapshot(outside);
      for (const name of NAMES) await plant(join(folder, name), join(outside, target));
      await upset(server);
      expect(snapshot(outside)).toEqual(before);
    });

    it('modifies nothing outside when a directory on the way becomes a link', async () => {
      const { folder, file, outside } = await site();
      const server = await serving([file]);
      const before = snapshot(outside);
      for (const name of ['logs/sub', 'sock/sub'])
        await plant(join(folder, name), join(outside, 'directory'));
      await upset(server);
      expect(snapshot(outside)).toEqual(before);
    });

    it('modifies nothing outside when their names become hard links', async () => {
      const { folder, file, outside } = await site();
      const server = await serving([file]);
      const before = snapshot(outside);
      for (const name of ['logs/access.log', 'logs/error.log', 'run/webserv.pid']) {
        await rm(join(folder, name));
        await link(join(outside, 'secret.txt'), join(folder, name));
      }
      await upset(server);
      expect(snapshot(outside)).toEqual(before);
    });

    it.each(NAMES)('modifies nothing outside when %s is a link before the start', async (name) => {
      const { folder, file, outside } = await site();
      for (const target of ['new.txt', 'secret.txt']) {
        await plant(join(folder, name), join(outside, target));
        const before = snapshot(outside);
        expect((await webserv(['--test', file])).stderr).not.toContain('    at ');
        const server = await serving([file]).catch((error: unknown) => String(error));
        if (typeof server !== 'string') await server.stop();
        expect(snapshot(outside)).toEqual(before);
      }
    });

    it('deletes nothing that has replaced a socket', async () => {
      const { folder, file, outside } = await site();
      const server = await serving([file]);
      // A name that is deleted at the end now leads outside.
      await writeFile(join(outside, 'directory/deep.sock'), 'no socket');
      const before = snapshot(outside);
      await plant(join(folder, 'sock/sub'), join(outside, 'directory'));
      await server.stop();
      expect(snapshot(outside)).toEqual(before);
    });

    it('still has a socket that every user may connect to', async () => {
      const { folder, file } = await site();
      await serving([file]);
      const socket = connect({ path: join(folder, 'sock/web.sock') });
      let text = '';
      socket.setEncoding('latin1').on('data', (piece: string) => {
        text += piece;
      });
      socket.end('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      await expect.poll(() => text).toMatch(/served$/);
      expect(dirname(file)).toBe(folder);
    });
  },
);
