import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { asRoot, folderWith, type Serving, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { childrenOf, responseOf, standbyOf } from './running.js';

/** Needs Linux, and Python, which passes sockets and receives notifications. In CI no test may be skipped. */
const isMissing =
  process.platform !== 'linux' ||
  (process.env.CI === undefined && spawnSync('python3', ['--version']).error !== undefined);

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const socketsFor = (...addresses: string[]): { through: string[] } => ({
  through: ['python3', script('activated.py'), String(addresses.length), ...addresses, '--'],
});

/** The bytes received until the server closes the connection. */
async function exchange(path: string): Promise<string> {
  const socket = connect({ path });
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  socket.end('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await once(socket, 'close');
  return received;
}

describe.skipIf(isMissing)('an inherited socket', () => {
  it('is served, and outlives every worker: no connection is refused while no worker exists', async () => {
    const port = await freePort();
    const folder = await folderWith({
      'webserv.conf': `${asRoot}server { listen ${port}; return 200 served; }`,
    });
    const server = await serving([join(folder, 'webserv.conf')], socketsFor(`0.0.0.0:${port}`));
    expect(await responseOf(server)).toBe('served');
    const [worker = 0] = await childrenOf(server.child.pid ?? 0);
    process.kill(worker, 'SIGKILL');
    await expect.poll(() => childrenOf(server.child.pid ?? 0)).not.toContain(worker);
    expect(await responseOf(server)).toBe('served');
    expect(server.stderr()).not.toContain('warning');
  });

  it('is served by all workers and after a reload, along with a socket of the server itself', async () => {
    const port = await freePort();
    const conf = (text: string): string =>
      `workers 2; server { listen [::1]:${port}; listen 127.0.0.1:0; return 200 ${text}; }`;
    const folder = await folderWith({ 'webserv.conf': conf('one') });
    const file = join(folder, 'webserv.conf');
    const server = await serving([file], socketsFor(`::1:${port}`));
    const ask = async (): Promise<string> =>
      (await fetch(`http://[::1]:${port}/`, { headers: { connection: 'close' } })).text();
    expect(await ask()).toBe('one');
    await writeFile(file, conf('two'));
    server.child.kill('SIGHUP');
    await expect.poll(ask).toBe('two');
  });

  it('is passed on by an upgrade', async () => {
    const port = await freePort();
    const folder = await folderWith({
      'webserv.conf': `${asRoot}pid webserv.pid; server { listen ${port}; listen 127.0.0.1:0; return 200 served; }`,
    });
    const server = await serving([join(folder, 'webserv.conf')], socketsFor(`0.0.0.0:${port}`));
    server.child.kill('SIGUSR2');
    await expect.poll(() => server.child.exitCode).toBe(0);
    const next = Number(await readFile(join(folder, 'webserv.pid'), 'utf8'));
    onTestFinished(() => void process.kill(next, 'SIGKILL'));
    expect(next).not.toBe(server.child.pid);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('served');
    expect(server.stderr()).not.toContain('warning');
  });

  it('may be a socket file: its mode is kept, and it still exists after the server has stopped', async () => {
    const folder = await folderWith({
      'webserv.conf': 'server { listen unix:web.sock; listen 127.0.0.1:0; return 200 served; }',
    });
    const path = join(folder, 'web.sock');
    const server = await serving([join(folder, 'webserv.conf')], socketsFor(`unix:${path}`));
    expect(await exchange(path)).toMatch(/^HTTP\/1\.1 200 [\s\S]*served$/);
    expect((await stat(path)).mode & 0o777).not.toBe(0o666);
    await server.stop();
    expect((await stat(path)).isSocket()).toBe(true);
  });

  it('without a listen directive gives a warning; a listen without a socket is bound as usual', async () => {
    const port = await freePort();
    const folder = await folderWith({ 'webserv.conf': 'server { listen 127.0.0.1:0; return 200 served; }' });
    const server = await serving([join(folder, 'webserv.conf')], {
      ...socketsFor(`127.0.0.1:${port}`),
      environment: { LISTEN_FDNAMES: 'spare' },
    });
    expect(await responseOf(server)).toBe('served');
    await expect
      .poll(() => server.stderr())
      .toContain(`no listen directive names it: 127.0.0.1:${port} (spare)`);
  });

  it('of another process is ignored, and workers do not get the variables', async () => {
    const port = await freePort();
    const folder = await folderWith({
      'webserv.conf': `${asRoot}server { listen 127.0.0.1:0; root www; cgi .sh /bin/sh; }`,
      'www/env.sh':
        'echo "Content-Type: text/plain"; echo; echo "fds $(ls /proc/$$/fd | tr "\\n" " ")"; cat /proc/$PPID/environ | tr "\\0" "\\n"',
    });
    const server = await serving([join(folder, 'webserv.conf')], {
      ...socketsFor(`127.0.0.1:${port}`),
      environment: { LISTEN_PID: '1' },
    });
    expect(server.stderr()).toBe('');
    const told = await (await fetch(`${server.url}/env.sh`)).text();
    expect(told).toMatch(/fds 0 1 (?:10 )?2/); // 10: the script itself
    expect(told).not.toContain('LISTEN_');
  });
});

interface Manager {
  readonly path: string;
  messages(): readonly string[];
}

/** A notification socket with a reader. */
async function manager(): Promise<Manager> {
  const path = join(await folderWith(), 'notify');
  const child = spawn('python3', [script('notified.py'), path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await once(child.stdout, 'data');
  return {
    path,
    messages: () =>
      text
        .split('\n')
        .slice(1)
        .filter((line) => line.startsWith('"'))
        .map((line): string => String(JSON.parse(line)))
        .filter((message) => !message.startsWith('BARRIER')),
  };
}

async function notifying(conf: string, environment: Readonly<Record<string, string>> = {}) {
  const notified = await manager();
  const folder = await folderWith({
    'webserv.conf': conf,
    'needed.txt': 'needed',
    'needed.mjs': `import { readFileSync } from 'node:fs';
import { definePlugin } from '@webserv/server';
export default definePlugin({
  name: 'needed',
  setup({ hooks }) {
    hooks.onConfig.tap({}, () => void readFileSync(new URL('./needed.txt', import.meta.url)));
  },
});`,
  });
  const file = join(folder, 'webserv.conf');
  const server = await serving([file], { environment: { NOTIFY_SOCKET: notified.path, ...environment } });
  const told = (part: string | RegExp) =>
    expect.poll(() => notified.messages().join('\n---\n')).toMatch(part);
  return { notified, file, server, told };
}

describe.skipIf(isMissing)('a service manager is notified', () => {
  it('when the server is ready, reloads and stops', async () => {
    const { file, server, told } = await notifying('server { listen 127.0.0.1:0; return 200 one; }');
    await told(
      new RegExp(
        `READY=1\nMAINPID=${server.child.pid}\nSTATUS=serving 127\\.0\\.0\\.1:\\d+; workers: 1; generation 1`,
      ),
    );
    server.child.kill('SIGHUP');
    await told(/RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=reloading[\s\S]*READY=1[\s\S]*generation 2/);
    await writeFile(file, 'oops');
    server.child.kill('SIGHUP');
    await told(/READY=1\nMAINPID=\d+\nSTATUS=not reloaded, see the error log; serving .* generation 2/);
    await server.stop();
    await told('STOPPING=1');
  });

  it('of the server’s process after an upgrade, and gets no more messages from the previous one', async () => {
    const port = await freePort();
    const { notified, server, told } = await notifying(
      `${asRoot}pid webserv.pid; server { listen ${port}; return 204; }`,
      { WATCHDOG_USEC: '2000000' },
    );
    await told('READY=1');
    server.child.kill('SIGUSR2');
    const main = (): number => Number(/MAINPID=(\d+)/.exec(notified.messages().at(-1) ?? '')?.[1] ?? 0);
    await expect.poll(() => main() !== 0 && main() !== server.child.pid).toBe(true);
    const next = main();
    onTestFinished(() => void process.kill(next, 'SIGKILL'));
    await expect.poll(() => server.child.exitCode).toBe(0);
    expect(notified.messages().join('\n')).not.toContain('STOPPING');
    const before = notified.messages().length;
    await expect.poll(() => notified.messages().slice(before)).toContain('WATCHDOG=1');
  });

  it('by the watchdog message in the requested interval, while a worker serves', async () => {
    const { notified, file, server } = await notifying(
      'load_plugin ./needed.mjs; server { listen 127.0.0.1:0; return 204; }',
      { WATCHDOG_USEC: '400000' },
    );
    const beats = (): number => notified.messages().filter((message) => message === 'WATCHDOG=1').length;
    await expect.poll(beats).toBeGreaterThan(2);
    await standbyOf(server.child.pid ?? 0);
    // The plugin refuses the configuration without this file, so no worker can be started from now on.
    await rm(join(dirname(file), 'needed.txt'));
    const killWorker = async (): Promise<void> => {
      const [worker = 0] = await childrenOf(server.child.pid ?? 0);
      process.kill(worker, 'SIGKILL');
    };
    await killWorker();
    // The standby worker replaces it, and no other process can be started after it.
    await expect.poll(() => server.stderr()).toContain('serves as its replacement');
    await killWorker();
    await expect.poll(() => server.stderr()).toContain('a worker cannot serve');
    const last = beats();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(beats() - last).toBeLessThan(2);
  });

  it('of nothing that is meant for another process', async () => {
    const { notified, told } = await notifying('server { listen 127.0.0.1:0; return 204; }', {
      WATCHDOG_USEC: '100000',
      WATCHDOG_PID: '1',
    });
    await told('READY=1');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(notified.messages()).not.toContain('WATCHDOG=1');
  });

  it('of nothing if its program is missing: the server reports this once, and continues to serve', async () => {
    const folder = await folderWith({ 'webserv.conf': 'server { listen 127.0.0.1:0; return 200 served; }' });
    const server: Serving = await serving([join(folder, 'webserv.conf')], {
      environment: { NOTIFY_SOCKET: join(folder, 'nobody'), PATH: folder },
    });
    await expect.poll(() => server.stderr()).toContain('the program systemd-notify was not found');
    server.child.kill('SIGHUP');
    await expect.poll(() => server.stderr()).toContain('reloaded: generation 2');
    expect(server.stderr().match(/systemd-notify/g)).toHaveLength(1);
    expect(await responseOf(server)).toBe('served');
  });
});
