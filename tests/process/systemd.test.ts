import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ServiceManager } from '../../src/process/service-manager.js';
import { afterwards, shared } from '../cli/afterwards.js';
import { asRoot, folderWith, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { childrenOf, isAlive, masterOf, onlyWorkerOf, responseOf, standbyOf } from './running.js';

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

/** A story: one server, which is reloaded, replaced by an upgrade, and stopped. */
describe.skipIf(isMissing)('an inherited socket', () => {
  const site = shared(async () => {
    const [port, own, spare] = [await freePort(), await freePort(), await freePort()];
    const conf = (text: string, workers: number): string =>
      `${asRoot}workers ${workers}; pid webserv.pid;
       server { listen ${port}; listen [::1]:${port}; listen unix:web.sock; listen 127.0.0.1:${own}; return 200 ${text}; }`;
    const folder = await folderWith({ 'webserv.conf': conf('one', 1) });
    const file = join(folder, 'webserv.conf');
    const socket = join(folder, 'web.sock');
    const { through } = socketsFor(`0.0.0.0:${port}`, `::1:${port}`, `unix:${socket}`, `127.0.0.1:${spare}`);
    const server = await serving([file], {
      // The program that notifies the service manager is not in this path.
      through: [...through, 'env', `PATH=${folder}`],
      environment: { LISTEN_FDNAMES: 'any:six:file:spare', NOTIFY_SOCKET: join(folder, 'nobody') },
    });
    const at = (address: string): Promise<string> => responseOf({ url: `http://${address}/` });
    return { folder, file, socket, port, own, spare, conf, server, at };
  });

  it('without a listen directive gives a warning; a listen without a socket is bound as usual', async () => {
    const { server, own, spare, at } = site();
    expect(await at(`127.0.0.1:${own}`)).toBe('one');
    await expect
      .poll(() => server.stderr())
      .toContain(`no listen directive names it: 127.0.0.1:${spare} (spare)`);
    expect(server.stderr().match(/warning/g)).toHaveLength(1);
  });

  it('is served, and outlives every worker: no connection is refused while no worker exists', async () => {
    const { server, port, at } = site();
    expect(await at(`127.0.0.1:${port}`)).toBe('one');
    const worker = await onlyWorkerOf(masterOf(server));
    process.kill(worker, 'SIGKILL');
    await expect.poll(() => childrenOf(masterOf(server))).not.toContain(worker);
    expect(await at(`127.0.0.1:${port}`)).toBe('one');
  });

  it('may be a socket file, whose mode is kept', async () => {
    const { socket } = site();
    expect(await exchange(socket)).toMatch(/^HTTP\/1\.1 200 [\s\S]*one$/);
    expect((await stat(socket)).mode & 0o777).not.toBe(0o666);
  });

  it('is served by all workers and after a reload, along with a socket of the server itself', async () => {
    const { file, server, port, own, conf, at } = site();
    await writeFile(file, conf('two', 2));
    server.child.kill('SIGHUP');
    await expect.poll(() => at(`[::1]:${port}`)).toBe('two');
    await expect.poll(() => at(`127.0.0.1:${own}`)).toBe('two');
  });

  it('does not depend on systemd-notify: the server reports once that the program is missing, and serves', async () => {
    const { server, own, at } = site();
    await expect.poll(() => server.stderr()).toContain('the program systemd-notify was not found');
    // A worker of the generation before may still accept a connection.
    await expect.poll(() => at(`127.0.0.1:${own}`)).toBe('two');
    // A start, another worker and a reload: the service manager would be notified of each.
    expect(server.stderr().match(/systemd-notify/g)).toHaveLength(1);
  });

  it('is passed on by an upgrade, and a socket file still exists after the server has stopped', async () => {
    const { folder, file, socket, server, port, conf, at } = site();
    await writeFile(file, conf('three', 1));
    server.child.kill('SIGUSR2');
    await expect.poll(() => server.child.exitCode).toBe(0);
    const next = Number(await readFile(join(folder, 'webserv.pid'), 'utf8'));
    afterwards(() => isAlive(next) && process.kill(next, 'SIGKILL'));
    expect(next).not.toBe(masterOf(server));
    expect(await at(`127.0.0.1:${port}`)).toBe('three');
    expect(await exchange(socket)).toMatch(/^HTTP\/1\.1 200 [\s\S]*three$/);
    process.kill(next, 'SIGTERM');
    await expect.poll(() => isAlive(next)).toBe(false);
    expect((await stat(socket)).isSocket()).toBe(true);
    // A start, a reload and an upgrade: each warns of the spare socket, and of nothing else.
    expect(server.stderr().match(/warning/g)).toHaveLength(3);
    // Each of the two masters would have notified the service manager of its end as well.
    expect(server.stderr().match(/systemd-notify/g)).toHaveLength(2);
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
  afterwards(() => child.kill());
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

/** Waits until a message, or several in a row, match. */
const told = ({ messages }: Manager, part: string | RegExp) =>
  expect.poll(() => messages().join('\n---\n')).toMatch(part);

const beatsOf = ({ messages }: Manager): number =>
  messages().filter((message) => message === 'WATCHDOG=1').length;

const NEEDED = `import { readFileSync } from 'node:fs';
import { definePlugin } from '@webserv/server';
export default definePlugin({
  name: 'needed',
  setup({ hooks }) {
    hooks.onConfig.tap({}, () => void readFileSync(new URL('./needed.txt', import.meta.url)));
  },
});`;

/** Shows the descriptors of a script, and the environment of the worker that started it. */
const ENVIRONMENT =
  'echo "Content-Type: text/plain"; echo; echo "fds $(ls /proc/$$/fd | tr "\\n" " ")"; cat /proc/$PPID/environ | tr "\\0" "\\n"';

/** A story: one server, which is replaced by an upgrade, reloaded, loses its workers, and is stopped. */
describe.skipIf(isMissing)('a service manager is notified', () => {
  const site = shared(async () => {
    const notified = await manager();
    const port = await freePort();
    const conf = `${asRoot}pid webserv.pid; server { listen ${port};
      location / { return 204; } location /scripts { root www; cgi .sh /bin/sh; } }`;
    const folder = await folderWith({
      'webserv.conf': conf,
      'www/env.sh': ENVIRONMENT,
      'needed.txt': 'needed',
      'needed.mjs': NEEDED,
    });
    const file = join(folder, 'webserv.conf');
    const server = await serving([file], {
      ...socketsFor(`127.0.0.1:${await freePort()}`),
      environment: { LISTEN_PID: '1', NOTIFY_SOCKET: notified.path, WATCHDOG_USEC: '1000000' },
    });
    const main = (): number =>
      Number(
        notified
          .messages()
          .join('\n')
          .match(/(?<=MAINPID=)\d+/g)
          ?.at(-1) ?? 0,
      );
    afterwards(() => {
      if (main() !== 0 && isAlive(main())) process.kill(main(), 'SIGKILL');
    });
    return { notified, port, conf, folder, file, server, main };
  });

  it('when the server is ready', async () => {
    const { notified, server } = site();
    await told(
      notified,
      new RegExp(
        `READY=1\nMAINPID=${masterOf(server)}\nSTATUS=serving 0\\.0\\.0\\.0:\\d+; workers: 1; generation 1`,
      ),
    );
  });

  it('and not its workers, which get none of its variables, nor sockets that are meant for another process', async () => {
    const { port, server } = site();
    expect(server.stderr()).toBe('');
    const response = await responseOf({ url: `http://127.0.0.1:${port}/scripts/env.sh` });
    expect(response).toMatch(/fds 0 1 (?:10 )?2/); // 10: the script itself
    expect(response).not.toMatch(/LISTEN_|NOTIFY_|WATCHDOG_/);
  });

  it('by the watchdog message in the requested interval', async () => {
    const { notified } = site();
    await expect.poll(() => beatsOf(notified)).toBeGreaterThan(2);
  });

  it('of the server’s process after an upgrade, and gets no more messages from the previous one', async () => {
    const { notified, server, main } = site();
    server.child.kill('SIGUSR2');
    await expect.poll(() => main() !== masterOf(server)).toBe(true);
    await expect.poll(() => server.child.exitCode).toBe(0);
    expect(notified.messages().join('\n')).not.toContain('STOPPING');
    const before = notified.messages().length;
    await expect.poll(() => notified.messages().slice(before)).toContain('WATCHDOG=1');
  });

  it('of a reload, and of one that is rejected', async () => {
    const { notified, conf, file, main } = site();
    await writeFile(file, `load_plugin ./needed.mjs; ${conf}`);
    process.kill(main(), 'SIGHUP');
    await told(
      notified,
      /RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=reloading[\s\S]*READY=1[\s\S]*generation 2/,
    );
    await writeFile(file, 'oops');
    process.kill(main(), 'SIGHUP');
    await told(
      notified,
      /READY=1\nMAINPID=\d+\nSTATUS=not reloaded, see the error log; serving .* generation 2/,
    );
  });

  it('by no watchdog message while no worker serves', async () => {
    const { notified, folder, server, main } = site();
    await standbyOf(main());
    // The plugin refuses the configuration without this file, so no worker can be started from now on.
    await rm(join(folder, 'needed.txt'));
    const killWorker = async (): Promise<boolean> => process.kill(await onlyWorkerOf(main()), 'SIGKILL');
    await killWorker();
    // The standby worker replaces it, and no other process can be started after it.
    await expect.poll(() => server.stderr()).toContain('serves as its replacement');
    await killWorker();
    await expect.poll(() => server.stderr()).toContain('a worker cannot serve');
    const last = beatsOf(notified);
    await sleep(2000);
    expect(beatsOf(notified) - last).toBeLessThan(2);
  });

  it('when it stops', async () => {
    const { notified, main } = site();
    process.kill(main(), 'SIGTERM');
    await told(notified, 'STOPPING=1');
  });
});

describe.skipIf(isMissing)('the variables of a service manager', () => {
  it('are taken by the server, which sends no watchdog messages if those are meant for another process', async () => {
    const notified = await manager();
    const environment: NodeJS.ProcessEnv = {
      PATH: process.env.PATH,
      NOTIFY_SOCKET: notified.path,
      WATCHDOG_USEC: '100000',
      WATCHDOG_PID: '1',
    };
    const warnings: string[] = [];
    const service = new ServiceManager({ environment, warn: (text) => warnings.push(text) });
    expect(service.watchdogMs).toBeUndefined();
    expect(Object.keys(environment)).toEqual(['PATH']);
    service.ready('serving');
    await told(notified, 'READY=1');
    expect(warnings).toEqual([]);
  });
});
