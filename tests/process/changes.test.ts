import type { ChildProcess } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { afterwards, shared } from '../cli/afterwards.js';
import { folderWith, serving, start } from '../cli/webserv.js';
import { clientPortsOf } from '../faults/processes.js';
import { freePort } from '../free-port.js';
import { Client } from '../hostile/client.js';
import { childrenOf, eventually, isAlive, standbyOf } from './running.js';

/** Its setup logs its process, and waits while a file `gate` exists. With `broken-N`, the Nth setup then throws. */
const GATED = `
import { definePlugin } from '@webserv/server';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
const at = (name) => new URL(name, import.meta.url);
export default definePlugin({
  name: 'gated',
  directives: {},
  async setup() {
    appendFileSync(at('begun'), process.pid + '\\n');
    const number = readFileSync(at('begun'), 'utf8').split('\\n').length - 1;
    const waits = () => existsSync(at('gate')) || existsSync(at('gate-' + number));
    while (waits()) await new Promise((resolve) => setTimeout(resolve, 10));
    if (existsSync(at('broken-' + number))) throw new Error('broken by now');
  },
  apply() {},
});
`;

interface Site {
  readonly folder: string;
  readonly file: string;
  readonly port: number;
  /** Processes whose setup has begun. */
  begun(): Promise<readonly number[]>;
  /** Lets every setup finish. */
  open(): Promise<void>;
}

async function gatedSite(workers: number, more: Readonly<Record<string, string>> = {}): Promise<Site> {
  const port = await freePort();
  const folder = await folderWith({
    'webserv.conf': `workers ${workers}; pid webserv.pid; worker_shutdown_timeout 20s; load_plugin ./gated.mjs;
      server { listen 127.0.0.1:${port}; methods GET POST; return 200 served; }`,
    'gated.mjs': GATED,
    ...more,
  });
  return {
    folder,
    file: join(folder, 'webserv.conf'),
    port,
    begun: async () =>
      (await readFile(join(folder, 'begun'), 'utf8').catch(() => '')).split('\n').slice(0, -1).map(Number),
    open: () => rm(join(folder, 'gate')),
  };
}

/** A server whose workers wait at the gate. */
async function starting(site: Site) {
  const { child, texts, ended } = start([site.file]);
  afterwards(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await eventually(async () => expect(await site.begun()).toHaveLength(1));
  return { child, texts, ended };
}

/** Reloads a server; the new generation waits at the gate. */
async function reloading(site: Site, child: ChildProcess): Promise<void> {
  const standby = await standbyOf(child.pid ?? 0);
  await expect.poll(site.begun).toContain(standby);
  const before = (await site.begun()).length;
  await writeFile(join(site.folder, 'gate'), '');
  child.kill('SIGHUP');
  await expect.poll(async () => (await site.begun()).length).toBeGreaterThan(before);
}

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n';

/** A client that has sent half of a request, which has arrived. */
async function halfSent(port: number): Promise<Client> {
  const client = await Client.connect(port);
  afterwards(() => client[Symbol.dispose]());
  client.send(HEAD);
  await client.received('100 Continue');
  client.send('12');
  return client;
}

const isRefused = (port: number): Promise<boolean> =>
  Client.connect(port).then(
    (client) => {
      client[Symbol.dispose]();
      return false;
    },
    () => true,
  );

describe.runIf(process.platform === 'linux')('while the server starts', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)(
    '%s ends it immediately with 0: it never serves, and leaves no pid file and no process',
    async (signal) => {
      const site = await gatedSite(1, { gate: '' });
      const { child, texts, ended } = await starting(site);
      child.kill(signal);
      await ended;
      expect([child.exitCode, texts.stdout]).toEqual([0, '']);
      await expect(readFile(join(site.folder, 'webserv.pid'))).rejects.toThrow('ENOENT');
      await expect.poll(async () => (await site.begun()).filter(isAlive)).toEqual([]);
    },
  );
});

/** Ends a server during a reload, with a request in flight. */
async function expectEndDuringReload(site: Site, child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  await reloading(site, child);
  const client = await halfSent(site.port);
  child.kill(signal);
  await expect.poll(() => isRefused(site.port)).toBe(true);
  await site.open();
  await sleep(700);
  expect(await isRefused(site.port)).toBe(true);
  client.send('34');
  await client.received(/HTTP\/1\.1 200 [\s\S]*served$/);
  client[Symbol.dispose]();
  await expect.poll(() => child.exitCode).toBe(0);
  await expect.poll(async () => (await site.begun()).filter(isAlive)).toEqual([]);
  await expect(readFile(join(site.folder, 'webserv.pid'))).rejects.toThrow('ENOENT');
}

describe.runIf(process.platform === 'linux')('a reload that is demanded while the server starts', () => {
  const server = shared(async () => {
    const site = await gatedSite(1, { gate: '' });
    return { site, ...(await starting(site)) };
  });

  it('waits for the start to finish, and no worker of the start is left over', async () => {
    const { site, child, texts } = server();
    child.kill('SIGHUP');
    // Longer than another worker would take to get as far.
    await sleep(1500);
    expect(await site.begun()).toHaveLength(1);
    await site.open();
    await expect.poll(() => texts.stderr).toContain('reloaded: generation 2');
    await expect.poll(() => childrenOf(child.pid ?? 0)).toHaveLength(1);
    expect(texts.stderr).not.toContain('generation 3');
  });

  it('may be followed by one that SIGTERM ends: what is in flight finishes, and its generation never serves', async () => {
    const { site, child } = server();
    await expectEndDuringReload(site, child, 'SIGTERM');
  });
});

describe.runIf(process.platform === 'linux')('a reload whose second worker cannot start', () => {
  const server = shared(async () => {
    // Setups 1 and 2 are the worker and the standby worker of the start. In the reload, worker 3 serves, and worker 4 is
    // broken.
    const site = await gatedSite(1, { 'gate-4': '', 'broken-4': '' });
    const server = await serving([site.file]);
    const conf = await readFile(site.file, 'utf8');
    await writeFile(site.file, conf.replace('workers 1;', 'workers 2;'));
    return { site, server };
  });

  it('finishes requests that a worker of the new generation has accepted', async () => {
    const {
      site,
      server: { child, stderr },
    } = server();
    await expect.poll(site.begun).toHaveLength(2);
    await standbyOf(child.pid ?? 0);
    child.kill('SIGHUP');
    await expect.poll(site.begun).toHaveLength(4);
    const newest = (await site.begun())[2] ?? 0;
    const clients: Client[] = [];
    await expect
      .poll(async () => {
        clients.push(await halfSent(site.port));
        return (await clientPortsOf(newest)).size;
      })
      .toBeGreaterThan(0);
    await rm(join(site.folder, 'gate-4'));
    await expect.poll(stderr).toContain('broken by now');
    await sleep(300);
    for (const client of clients) client.send('34');
    for (const client of clients) {
      await client.received(/HTTP\/1\.1 200 [\s\S]*served$/);
      client[Symbol.dispose]();
    }
    await expect.poll(() => isAlive(newest)).toBe(false);
  });

  it('may be followed by one that SIGQUIT ends: what is in flight finishes, and its generation never serves', async () => {
    const { site, server: running } = server();
    await expectEndDuringReload(site, running.child, 'SIGQUIT');
  });
});
