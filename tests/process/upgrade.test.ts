import { cp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { afterwards, shared } from '../cli/afterwards.js';
import { asRoot, folderWith, repository, serving, webserv } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { Client } from '../hostile/client.js';
import { isAlive, masterOf, responseOf } from './running.js';

/** A copy of the package whose files the test may replace. */
async function installed(): Promise<{ home: string; program: string }> {
  const home = await folderWith();
  await cp(join(repository, 'dist'), join(home, 'dist'), {
    recursive: true,
    filter: (path) => !path.endsWith('.d.ts'),
  });
  await cp(join(repository, 'package.json'), join(home, 'package.json'));
  await symlink(join(repository, 'node_modules'), join(home, 'node_modules'));
  return { home, program: join(home, 'dist/src/cli/main.js') };
}

const pidIn = async (folder: string): Promise<number> =>
  Number(await readFile(join(folder, 'webserv.pid'), 'utf8').catch(() => 0));

function overSocket(socketPath: string): Promise<number> {
  return new Promise((resolve) => {
    const request = get({ socketPath, path: '/', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', () => resolve(0));
  });
}

/** A story: one server, whose later masters are those that took over. */
describe.runIf(process.platform === 'linux')('an upgrade', () => {
  const site = shared(async () => {
    const [port, dropped] = [await freePort(), await freePort()];
    const conf = (text: string, more = ''): string =>
      `${asRoot}pid webserv.pid; server { listen 127.0.0.1:${port}; ${more} listen unix:web.sock; methods GET POST; return 200 ${text}; }`;
    const folder = await folderWith({ 'webserv.conf': conf('old', `listen 127.0.0.1:${dropped};`) });
    const file = join(folder, 'webserv.conf');
    const { home, program } = await installed();
    const server = await serving([file], { program });
    afterwards(async () => {
      const pid = await pidIn(folder);
      if (pid !== 0 && isAlive(pid)) process.kill(pid, 'SIGKILL');
    });
    const manifest = join(home, 'package.json');
    const setVersion = async (version: string): Promise<void> =>
      writeFile(
        manifest,
        (await readFile(manifest, 'utf8')).replace(/"version": "[^"]*"/, `"version": "${version}"`),
      );
    return { folder, file, port, dropped, conf, program, server, setVersion };
  });

  const expectUnchanged = async (): Promise<void> => {
    const { folder, server } = site();
    expect(await responseOf(server)).toBe('old');
    expect(await overSocket(join(folder, 'web.sock'))).toBe(200);
    expect(await pidIn(folder)).toBe(masterOf(server));
  };

  it('to an invalid configuration does not change the old master, which reports the reason', async () => {
    const { file, server } = site();
    await writeFile(file, 'oops;');
    server.child.kill('SIGUSR2');
    await expect.poll(() => server.stderr()).toMatch(/not upgraded[\s\S]*unknown directive "oops"/);
    await expectUnchanged();
  });

  it('to a program that cannot start does not change the old master, which reports the reason', async () => {
    const { file, conf, program, server } = site();
    await writeFile(file, conf('new'));
    const before = await readFile(program);
    await writeFile(program, `throw new Error('half an installation');`);
    server.child.kill('SIGUSR2');
    await expect.poll(() => server.stderr()).toContain('it ended before it served (exit 1)');
    await writeFile(program, before);
    await expectUnchanged();
  });

  it('is demanded by a reload when another version is installed, and the reload is rejected', async () => {
    const { server, setVersion } = site();
    await setVersion('99.1.2');
    server.child.kill('SIGHUP');
    await expect
      .poll(() => server.stderr())
      .toMatch(/not reloaded.*99\.1\.2 is installed.*webserv -s upgrade/);
    await expectUnchanged();
  });

  it('makes another master serve on the same sockets: no connection is refused, and open requests finish', async () => {
    const { folder, file, port, dropped, program, server } = site();
    expect((await fetch(`http://127.0.0.1:${dropped}/`)).status).toBe(200);
    const slow = await Client.connect(port);
    afterwards(() => slow[Symbol.dispose]());
    slow.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n12');
    const seen = new Set<string>();
    let visiting = true;
    const visits = (async () => {
      for (; visiting; await sleep(10))
        seen.add(await responseOf(server).catch((error: Error) => String(error.cause)));
    })();
    expect((await webserv(['-s', 'upgrade', file], { program })).code).toBe(0);
    await expect.poll(() => [...seen]).toContain('new');
    // The new master writes its pid file when its workers already serve.
    await expect.poll(() => server.stderr()).toMatch(/process \d+ has taken over/);
    const next = await pidIn(folder);
    expect(next).not.toBe(masterOf(server));
    expect(server.stderr()).toContain(`process ${next} has taken over`);
    slow.send('34');
    await slow.received(/^HTTP\/1\.1 200 [\s\S]*old$/);
    slow[Symbol.dispose]();
    await expect.poll(() => server.child.exitCode).toBe(0);
    visiting = false;
    await visits;
    expect([...seen].sort()).toEqual(['new', 'old']);
    expect(await overSocket(join(folder, 'web.sock'))).toBe(200);
    expect(await pidIn(folder)).toBe(next);
  });

  it('closes the addresses that its configuration no longer names', async () => {
    const { dropped } = site();
    await expect(fetch(`http://127.0.0.1:${dropped}/`)).rejects.toThrow('fetch failed');
  });

  it('leads to a master that can be reloaded, and taken over from', async () => {
    const { folder, file, conf, server } = site();
    const master = await pidIn(folder);
    await writeFile(file, conf('newer'));
    process.kill(master, 'SIGHUP');
    await expect.poll(() => responseOf(server)).toBe('newer');
    process.kill(master, 'SIGUSR2');
    await expect.poll(() => isAlive(master)).toBe(false);
    const last = await pidIn(folder);
    expect([last === master, await responseOf(server), await overSocket(join(folder, 'web.sock'))]).toEqual([
      false,
      'newer',
      200,
    ]);
    process.kill(last, 'SIGTERM');
    await expect.poll(() => isAlive(last)).toBe(false);
    expect(await readdir(folder)).toEqual(['webserv.conf']);
  });
});
