import { cp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { asRoot, folderWith, repository, serving, webserv } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { Client } from '../hostile/client.js';
import { answerOf, isAlive, patience } from './running.js';

/** A copy of the package whose files the test may replace. */
async function installed(): Promise<{ home: string; program: string }> {
  const home = await folderWith();
  await cp(join(repository, 'dist'), join(home, 'dist'), { recursive: true });
  await cp(join(repository, 'package.json'), join(home, 'package.json'));
  await symlink(join(repository, 'node_modules'), join(home, 'node_modules'));
  return { home, program: join(home, 'dist/src/cli/main.js') };
}

async function setVersion(home: string, version: string): Promise<void> {
  const file = join(home, 'package.json');
  await writeFile(
    file,
    (await readFile(file, 'utf8')).replace(/"version": "[^"]*"/, `"version": "${version}"`),
  );
}

const pidIn = async (folder: string): Promise<number> =>
  Number(await readFile(join(folder, 'webserv.pid'), 'utf8').catch(() => 0));

/** The master that took over; it is ended with the test. */
async function successorOf(master: number | undefined, folder: string): Promise<number> {
  await expect.poll(() => pidIn(folder), patience).not.toBe(master);
  const pid = await pidIn(folder);
  onTestFinished(() => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  return pid;
}

function overSocket(socketPath: string): Promise<number> {
  return new Promise((resolve) => {
    const asked = get({ socketPath, path: '/', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', () => resolve(0));
  });
}

const conf = (port: number, text: string): string =>
  `${asRoot}workers 2; pid webserv.pid; server { listen 127.0.0.1:${port}; listen unix:web.sock; methods GET POST; return 200 ${text}; }`;

describe.runIf(process.platform === 'linux')('an upgrade', () => {
  it('makes another master serve on the same sockets: no connection is refused, and open requests finish', async () => {
    const port = await freePort();
    const folder = await folderWith({ 'webserv.conf': conf(port, 'old') });
    const file = join(folder, 'webserv.conf');
    const server = await serving([file]);
    const slow = await Client.connect(port);
    onTestFinished(() => slow[Symbol.dispose]());
    slow.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n12');
    await writeFile(file, conf(port, 'new'));
    const seen = new Set<string>();
    let asking = true;
    const asked = (async () => {
      while (asking) seen.add(await answerOf(server).catch((error: Error) => String(error.cause)));
    })();
    expect((await webserv(['-s', 'upgrade', file])).code).toBe(0);
    const next = await successorOf(server.child.pid, folder);
    await expect.poll(() => [...seen], patience).toContain('new');
    await expect.poll(() => server.stderr(), patience).toContain(`process ${next} has taken over`);
    slow.send('34');
    await slow.received(/^HTTP\/1\.1 200 [\s\S]*old$/);
    slow[Symbol.dispose]();
    await expect.poll(() => server.child.exitCode, patience).toBe(0);
    asking = false;
    await asked;
    expect([...seen].sort()).toEqual(['new', 'old']);
    expect(await overSocket(join(folder, 'web.sock'))).toBe(200);
    expect(await pidIn(folder)).toBe(next);
    // What took over can be reloaded, and taken over from.
    await writeFile(file, conf(port, 'newer'));
    process.kill(next, 'SIGHUP');
    await expect.poll(() => answerOf(server), patience).toBe('newer');
    process.kill(next, 'SIGUSR2');
    await expect.poll(() => isAlive(next), patience).toBe(false);
    const last = await successorOf(next, folder);
    expect([await answerOf(server), await overSocket(join(folder, 'web.sock'))]).toEqual(['newer', 200]);
    process.kill(last, 'SIGTERM');
    await expect.poll(() => isAlive(last), patience).toBe(false);
    expect(await readdir(folder)).toEqual(['webserv.conf']);
  }, 180_000);

  it('that cannot start does not change the old master, which reports the reason', async () => {
    const port = await freePort();
    const folder = await folderWith({ 'webserv.conf': conf(port, 'old') });
    const { program, home } = await installed();
    const server = await serving([join(folder, 'webserv.conf')], { program });
    await writeFile(join(folder, 'webserv.conf'), 'oops;');
    server.child.kill('SIGUSR2');
    await expect.poll(() => server.stderr(), patience).toMatch(/not upgraded[\s\S]*unknown directive "oops"/);
    await writeFile(join(folder, 'webserv.conf'), conf(port, 'new'));
    await writeFile(join(home, 'dist/src/cli/main.js'), `throw new Error('half an installation');`);
    server.child.kill('SIGUSR2');
    await expect.poll(() => server.stderr(), patience).toContain('it ended before it served (exit 1)');
    expect(await answerOf(server)).toBe('old');
    expect(await overSocket(join(folder, 'web.sock'))).toBe(200);
    expect(await pidIn(folder)).toBe(server.child.pid);
    expect((await server.stop()).code).toBe(0);
  }, 120_000);

  it('closes the addresses that its configuration no longer names', async () => {
    const [kept, gone] = [await freePort(), await freePort()];
    const listens = (...ports: number[]): string =>
      `${asRoot}pid webserv.pid; server { ${ports.map((port) => `listen 127.0.0.1:${port};`).join(' ')} return 200 served; }`;
    const folder = await folderWith({ 'webserv.conf': listens(kept, gone) });
    const server = await serving([join(folder, 'webserv.conf')]);
    await writeFile(join(folder, 'webserv.conf'), listens(kept));
    server.child.kill('SIGUSR2');
    await successorOf(server.child.pid, folder);
    await expect.poll(() => server.child.exitCode, patience).toBe(0);
    await expect(fetch(`http://127.0.0.1:${gone}/`)).rejects.toThrow('fetch failed');
    expect(await (await fetch(`http://127.0.0.1:${kept}/`)).text()).toBe('served');
  }, 120_000);
});

describe.runIf(process.platform === 'linux')('another version that is installed', () => {
  it('is noticed at a reload, which is rejected with instructions, and takes over by an upgrade', async () => {
    const port = await freePort();
    const folder = await folderWith({ 'webserv.conf': conf(port, 'old') });
    const { program, home } = await installed();
    const file = join(folder, 'webserv.conf');
    const server = await serving([file], { program });
    await setVersion(home, '99.1.2');
    await writeFile(file, conf(port, 'new'));
    server.child.kill('SIGHUP');
    await expect
      .poll(() => server.stderr(), patience)
      .toMatch(/not reloaded.*99\.1\.2 is installed.*webserv -s upgrade/);
    await sleep(500);
    expect(await answerOf(server)).toBe('old');
    expect((await webserv(['-s', 'upgrade', file], { program })).code).toBe(0);
    const next = await successorOf(server.child.pid, folder);
    await expect.poll(() => answerOf(server), patience).toBe('new');
    await expect.poll(() => server.child.exitCode, patience).toBe(0);
    await writeFile(file, conf(port, 'newer'));
    process.kill(next, 'SIGHUP');
    await expect.poll(() => answerOf(server), patience).toBe('newer');
  }, 120_000);
});
