import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folderWith, serving, webserv } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { answerOf, patience } from './running.js';

const conf = (port: number): string =>
  `pid webserv.pid;\nserver { listen 127.0.0.1:${port}; return 200 served; }\n`;

describe('a pid file', () => {
  it('of a running server prevents another one from starting, and is not modified by it', async () => {
    const folder = await folderWith({ 'one.conf': conf(0), 'two.conf': conf(0) });
    const server = await serving([join(folder, 'one.conf')]);
    const second = await webserv([join(folder, 'two.conf')]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(
      `a server is already running: process ${server.child.pid} holds the pid file ${join(folder, 'webserv.pid')}`,
    );
    expect(await readFile(join(folder, 'webserv.pid'), 'utf8')).toBe(`${server.child.pid}\n`);
    expect(await answerOf(server)).toBe('served');
  });

  it.each([
    ['whose process is gone', '999999999\n', 'process 999999999'],
    ['with something else in it', 'rubbish', 'does not contain a process id'],
  ])('%s is told of by -s, by its path, and a server starts over it', async (_, text, told) => {
    const folder = await folderWith({ 'webserv.conf': conf(0), 'webserv.pid': text });
    const file = join(folder, 'webserv.conf');
    const { code, stderr } = await webserv(['-s', 'reload', file]);
    expect(code).toBe(1);
    expect(stderr).toContain(told);
    expect(stderr).toContain(join(folder, 'webserv.pid'));
    const server = await serving([file]);
    expect(await readFile(join(folder, 'webserv.pid'), 'utf8')).toBe(`${server.child.pid}\n`);
  });

  it.runIf(process.platform === 'linux')(
    'whose number belongs to another program by now: that program gets no signal',
    async () => {
      const folder = await folderWith({ 'webserv.conf': conf(0), 'webserv.pid': `${process.pid}\n` });
      const file = join(folder, 'webserv.conf');
      const { code, stderr } = await webserv(['-s', 'stop', file]);
      expect(code).toBe(1);
      expect(stderr).toMatch(new RegExp(`process ${process.pid} of .*webserv\\.pid is now ".+"`));
      const server = await serving([file]);
      expect(await readFile(join(folder, 'webserv.pid'), 'utf8')).toBe(`${server.child.pid}\n`);
    },
  );

  it('that was deleted is created again by a reload', async () => {
    const folder = await folderWith({ 'webserv.conf': conf(await freePort()) });
    const server = await serving([join(folder, 'webserv.conf')]);
    const pid = join(folder, 'webserv.pid');
    await rm(pid);
    server.child.kill('SIGHUP');
    await expect.poll(() => readFile(pid, 'utf8').catch(() => ''), patience).toBe(`${server.child.pid}\n`);
    await writeFile(pid, '');
    server.child.kill('SIGHUP');
    await expect.poll(() => readFile(pid, 'utf8').catch(() => ''), patience).toBe(`${server.child.pid}\n`);
  });

  it('of another running server is not taken over by a reload', async () => {
    const folder = await folderWith({ 'webserv.conf': conf(await freePort()) });
    const server = await serving([join(folder, 'webserv.conf')]);
    const other = await serving([join(await folderWith({ 'webserv.conf': conf(0) }), 'webserv.conf')]);
    const pid = join(folder, 'webserv.pid');
    await writeFile(pid, `${other.child.pid}\n`);
    server.child.kill('SIGHUP');
    await expect.poll(() => server.stderr(), patience).toContain('a server is already running');
    expect(await readFile(pid, 'utf8')).toBe(`${other.child.pid}\n`);
  });

  it.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
    'that does not fit on a full disk is not left behind empty',
    async () => {
      const folder = await folderWith({ 'webserv.conf': conf(0).replace('webserv.pid', 'disk/webserv.pid') });
      const script =
        'cd "$1" && mkdir disk && mount -t tmpfs -o size=4k,mode=755 webserv disk && { cat /dev/zero > disk/fill; shift; "$@"; code=$?; ls disk; exit $code; }';
      const { code, stdout, stderr } = await webserv([join(folder, 'webserv.conf')], {
        through: ['unshare', '--mount', 'sh', '-c', script, 'sh', folder],
      });
      expect([code, stdout]).toEqual([1, 'fill\n']);
      expect(stderr).toMatch(/the pid file .* cannot be written: .*ENOSPC/);
    },
  );

  it('moves when a reload changes its path', async () => {
    const folder = await folderWith({ 'webserv.conf': conf(0) });
    const file = join(folder, 'webserv.conf');
    const server = await serving([file]);
    await writeFile(file, conf(0).replace('webserv.pid', 'other.pid'));
    server.child.kill('SIGHUP');
    await expect
      .poll(() => readFile(join(folder, 'other.pid'), 'utf8').catch(() => ''), patience)
      .toBe(`${server.child.pid}\n`);
    // The new file is created before the old one is deleted.
    await expect.poll(() => readdir(folder), patience).not.toContain('webserv.pid');
    await server.stop();
    await expect(readFile(join(folder, 'other.pid'))).rejects.toThrow('ENOENT');
  });
});

describe.runIf(process.platform === 'linux')('an address that is taken', () => {
  it.each(['127.0.0.1', '0.0.0.0'])('on %s too is rejected with the process that has it', async (host) => {
    const port = await freePort();
    const taker = createServer().listen(port, host);
    onTestFinished(() => void taker.close());
    const folder = await folderWith({ 'webserv.conf': conf(port) });
    const { code, stderr } = await webserv([join(folder, 'webserv.conf')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        `cannot listen on 127\\.0\\.0\\.1:${port}: the address is in use by process ${process.pid} \\(.+\\)`,
      ),
    );
  });

  it('by another webserv is reported with its master, also for a socket file', async () => {
    const folder = await folderWith({
      'one.conf': 'server { listen 127.0.0.1:0; listen unix:one.sock; return 204; }',
      'two.conf': 'server { listen unix:one.sock; return 204; }',
    });
    const server = await serving([join(folder, 'one.conf')]);
    const { code, stderr } = await webserv([join(folder, 'two.conf')]);
    expect(code).toBe(1);
    expect(stderr).toContain(`in use by process ${server.child.pid} (webserv: master)`);
  });
});
