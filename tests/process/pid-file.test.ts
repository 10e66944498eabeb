import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PidFile } from '../../src/process/pid-file.js';
import { startTestServer } from '../../src/testing/index.js';
import { afterwards, shared } from '../cli/afterwards.js';
import { command } from '../cli/in-process.js';
import { folderWith, serving, webserv } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { masterOf, responseOf } from './running.js';

const conf = (port: number, listens = ''): string =>
  `pid webserv.pid;\nserver { listen 127.0.0.1:${port}; ${listens} return 200 served; }\n`;

/** Claims the file for this process, as a master does for its own. */
async function expectClaimable(path: string): Promise<void> {
  const file = new PidFile();
  await file.claim(path, undefined);
  expect(await readFile(path, 'utf8')).toBe(`${process.pid}\n`);
  await file.release();
  await expect(readFile(path)).rejects.toThrow('ENOENT');
}

describe('a pid file', () => {
  it.each([
    ['whose process is gone', '999999999\n', 'process 999999999'],
    ['with something else in it', 'rubbish', 'does not contain a process id'],
  ])('%s is reported by -s with its path, and can be claimed', async (_, text, told) => {
    const folder = await folderWith({ 'webserv.conf': conf(0), 'webserv.pid': text });
    const { code, stderr } = await command(['-s', 'reload', join(folder, 'webserv.conf')]);
    expect(code).toBe(1);
    expect(stderr).toContain(told);
    expect(stderr).toContain(join(folder, 'webserv.pid'));
    await expectClaimable(join(folder, 'webserv.pid'));
  });

  it.runIf(process.platform === 'linux')(
    'whose number belongs to another program by now: that program gets no signal, and the file can be claimed',
    async () => {
      const folder = await folderWith({ 'webserv.conf': conf(0), 'webserv.pid': `${process.ppid}\n` });
      const { code, stderr } = await command(['-s', 'stop', join(folder, 'webserv.conf')]);
      expect(code).toBe(1);
      expect(stderr).toMatch(new RegExp(`process ${process.ppid} of .*webserv\\.pid is now ".+"`));
      await expectClaimable(join(folder, 'webserv.pid'));
    },
  );

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
});

/** A server that started over a pid file that was left behind. */
describe('the pid file of a running server', () => {
  const site = shared(async () => {
    const port = await freePort();
    const folder = await folderWith({
      'webserv.conf': conf(port, 'listen unix:one.sock;'),
      'webserv.pid': '999999999\n',
      'other.conf': conf(0),
      'taking.conf': 'server { listen unix:one.sock; return 204; }',
    });
    const server = await serving([join(folder, 'webserv.conf')]);
    const pidFile = join(folder, 'webserv.pid');
    const text = (): Promise<string> => readFile(pidFile, 'utf8').catch(() => '');
    return { folder, port, server, pidFile, text, own: `${masterOf(server)}\n` };
  });

  it('prevents another one from starting, and is not modified by it', async () => {
    const { folder, server, pidFile, text, own } = site();
    const second = await webserv([join(folder, 'other.conf')]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(
      `a server is already running: process ${masterOf(server)} holds the pid file ${pidFile}`,
    );
    expect(await text()).toBe(own);
    expect(await responseOf(server)).toBe('served');
  });

  it.runIf(process.platform === 'linux')(
    'is not needed to name the server to another one that listens on its socket file',
    async () => {
      const { folder, server } = site();
      const started = async (): Promise<string> => {
        const { code, stderr } = await webserv([join(folder, 'taking.conf')]);
        return `${code} ${stderr}`;
      };
      // A busy machine takes longer to find the process than the second it may take.
      await expect
        .poll(started)
        .toMatch(new RegExp(`^1 [\\s\\S]*in use by process ${masterOf(server)} \\(webserv: master\\)`));
    },
  );

  it('is created again by a reload after it was deleted, or overwritten', async () => {
    const { server, pidFile, text, own } = site();
    await rm(pidFile);
    server.child.kill('SIGHUP');
    await expect.poll(text).toBe(own);
    await writeFile(pidFile, '');
    server.child.kill('SIGHUP');
    await expect.poll(text).toBe(own);
  });

  it('moves when a reload changes its path', async () => {
    const { folder, port, server, own } = site();
    await writeFile(join(folder, 'webserv.conf'), conf(port).replace('webserv.pid', 'moved.pid'));
    server.child.kill('SIGHUP');
    await expect.poll(() => readFile(join(folder, 'moved.pid'), 'utf8').catch(() => '')).toBe(own);
    // The new file is created before the old one is deleted.
    await expect.poll(() => readdir(folder)).not.toContain('webserv.pid');
  });

  it('is not taken over from another one by a reload, and is deleted when the server stops', async () => {
    const { folder, port, server } = site();
    // A process with the title of a master stands for the other server.
    const other = spawn('sh', ['-c', 'printf "webserv: master" > /proc/self/comm; echo started; read line']);
    afterwards(() => other.kill('SIGKILL'));
    await once(other.stdout, 'data');
    const otherFile = join(folder, 'other.pid');
    await writeFile(otherFile, `${other.pid}\n`);
    await writeFile(join(folder, 'webserv.conf'), conf(port).replace('webserv.pid', 'other.pid'));
    server.child.kill('SIGHUP');
    await expect
      .poll(() => server.stderr())
      .toContain(`a server is already running: process ${other.pid} holds the pid file ${otherFile}`);
    expect(await readFile(otherFile, 'utf8')).toBe(`${other.pid}\n`);
    await server.stop();
    await expect(readFile(join(folder, 'moved.pid'))).rejects.toThrow('ENOENT');
    expect(await readFile(otherFile, 'utf8')).toBe(`${other.pid}\n`);
  });
});

describe.runIf(process.platform === 'linux')('an address that is taken', () => {
  it.each(['127.0.0.1', '0.0.0.0'])('on %s too is rejected with the process that has it', async (host) => {
    const port = await freePort();
    const taker = createServer().listen(port, host);
    afterwards(() => taker.close());
    const told = new RegExp(
      `cannot listen on 127\\.0\\.0\\.1:${port}: the address is in use by process ${process.pid} \\(.+\\)`,
    );
    // A busy machine takes longer to find the process than the second it may take.
    await expect
      .poll(() =>
        startTestServer(`server { listen 127.0.0.1:${port}; return 204; }`).then(
          (started) => started.stop(0),
          String,
        ),
      )
      .toMatch(told);
  });
});
