import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../cli/afterwards.js';
import { folderWith, type Serving, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { gate, LOSSES, locations, PICKY, WALL, yamlServer } from './losses.js';
import { childrenOf, masterOf, onlyWorkerOf, replaceWorker, standbyOf } from './running.js';

type Statuses = readonly (readonly [method: string, path: string, status: number])[];

async function statuses(url: string, asked: Statuses): Promise<Statuses> {
  const found: (readonly [string, string, number])[] = [];
  for (const [method, path] of asked) {
    const body = method === 'PUT' || method === 'POST' ? { body: 'content' } : {};
    const response = await fetch(`${url}${path}`, { method, headers: { 'x-key': 'key' }, ...body });
    await response.arrayBuffer();
    found.push([method, path, response.status]);
  }
  return found;
}

/** Replaces the worker, and then the one that stood by before something was lost. */
async function replaceByNewWorkers(server: Serving): Promise<void> {
  await standbyOf(masterOf(server));
  for (let count = 0; count < 2; count += 1) await replaceWorker(server);
  // It reports what it misses, too.
  await standbyOf(masterOf(server));
}

/** The routes that need a plugin, served. */
const GATED: Statuses = [
  ['GET', '/free', 200],
  ['GET', '/gated', 200],
  ['GET', '/gated/inner', 200],
  ['GET', '/said', 200],
];

/** The two routes of a server, with the same status. */
const both = (status: number): Statuses => [
  ['GET', '/free', status],
  ['GET', '/x', status],
];

/**
 * A story: a server that loses what it needs and gets it back, then a plugin that acts on all routes, and then what that
 * plugin needs.
 */
describe.runIf(process.platform === 'linux')('a replacement worker', () => {
  const site = shared(async () => {
    const urls = new Map<string, string>();
    const listen = async (name: string): Promise<number> => {
      const port = await freePort();
      urls.set(name, `http://127.0.0.1:${port}`);
      return port;
    };
    const servers: string[] = [];
    for (const { name, conf } of LOSSES)
      servers.push(
        `server { listen 127.0.0.1:${await listen(name)}; location = /free { return 200 free; } ${conf(name)} }\n`,
      );
    for (const name of ['code', 'key'])
      servers.push(`server { listen 127.0.0.1:${await listen(name)}; ${locations(name)} }\n`);
    const conf = `load_plugin ./picky.mjs; load_plugin ./code.mjs; load_plugin ./yaml.mjs; load_plugin ./key.mjs;
      server { listen 127.0.0.1:${await listen('picky')}; location = /free { return 200 free; }
        location /x { picky on; return 200 x; } }
      ${servers.join('')} include part.yaml;`;
    const walled = `load_plugin ./wall.mjs; ${conf} server { listen 127.0.0.1:${await listen('wall')};
      location /free { return 200 free; } location /x { wall on; return 200 x; } }`;
    const folder = await folderWith({
      'webserv.conf': conf,
      'part.yaml': yamlServer(await listen('yaml'), 'yaml'),
      'picky.mjs': PICKY,
      wanted: '',
      'code.mjs': gate('code'),
      'yaml.mjs': gate('yaml'),
      'key.mjs': gate('key'),
      'code.key': 'key',
      'yaml.key': 'key',
      'key.key': 'key',
      'wall.mjs': WALL,
      key: 'key',
    });
    for (const { name, files = {}, directories = [] } of LOSSES) {
      for (const directory of directories) await mkdir(join(folder, name, directory), { recursive: true });
      for (const [file, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name, file)), { recursive: true });
        await writeFile(join(folder, name, file), text);
      }
    }
    await chmod(join(folder, 'interpreter/bin/interpreter'), 0o755);
    const file = join(folder, 'webserv.conf');
    const server = await serving([file]);
    const urlOf = (name: string): string => urls.get(name) ?? '';
    for (const name of ['code', 'yaml', 'key']) expect(await statuses(urlOf(name), GATED)).toEqual(GATED);
    const movePlugins = async (from: string, to: string): Promise<void> => {
      for (const name of ['code.mjs', 'yaml.mjs', 'key.key'])
        await rename(join(folder, `${from}${name}`), join(folder, `${to}${name}`));
    };
    for (const { name, gone } of LOSSES) await rename(join(folder, name, gone), join(folder, name, 'moved'));
    await rm(join(folder, 'wanted'));
    await movePlugins('', 'moved-');
    await replaceByNewWorkers(server);
    return {
      folder,
      server,
      urlOf,
      restorePlugins: () => movePlugins('moved-', ''),
      addWall: () => writeFile(file, walled),
    };
  });

  it.each(LOSSES)(
    'serves without $what, reports this once, and uses it again once it is restored',
    async ({ name, gone, without, again, told }) => {
      const { folder, server, urlOf } = site();
      const url = urlOf(name);
      expect(await statuses(url, [['GET', '/free', 200]])).toEqual([['GET', '/free', 200]]);
      expect(await statuses(url, without)).toEqual(without);
      await expect.poll(() => server.stderr().split(told(join(folder, name)))).toHaveLength(2);
      await rename(join(folder, name, 'moved'), join(folder, name, gone));
      await expect.poll(() => statuses(url, again), { interval: 300 }).toEqual(again);
      expect(server.stderr()).not.toContain('crash loop');
    },
  );

  it.each([
    { what: 'the code of a plugin', name: 'code', said: 503 },
    { what: 'the code of a plugin, with a configuration in YAML', name: 'yaml', said: 503 },
    { what: 'what the setup of a plugin reads', name: 'key', said: 200 },
  ] as const)(
    'serves without $what, closes the routes that need it, reports it once',
    async ({ name, said }) => {
      const { server, urlOf } = site();
      const expected: Statuses = [
        ['GET', '/free', 200],
        ['GET', '/gated', 503],
        ['GET', '/gated/inner', 503],
        ['GET', '/said', said],
      ];
      expect(await statuses(urlOf(name), expected)).toEqual(expected);
      await expect.poll(() => server.stderr().split(`plugin "${name}", setup: `)).toHaveLength(2);
    },
  );

  it('closes the routes for which a plugin fails, and no others', async () => {
    const { folder, server, urlOf } = site();
    const expected: Statuses = [
      ['GET', '/free', 200],
      ['GET', '/x', 503],
      ['POST', '/x', 503],
    ];
    expect(await statuses(urlOf('picky'), expected)).toEqual(expected);
    await expect.poll(() => server.stderr().split('the wanted file is gone')).toHaveLength(2);
    await writeFile(join(folder, 'wanted'), '');
    await replaceByNewWorkers(server);
    expect(await statuses(urlOf('picky'), both(200))).toEqual(both(200));
  });

  it('does not prevent the rejection of a reload', async () => {
    const { folder, server, restorePlugins } = site();
    const rejection = (number: number) => (): string =>
      server.stderr().split('not reloaded; the server keeps its previous configuration')[number] ?? '';
    server.child.kill('SIGHUP');
    await expect.poll(rejection(1)).toContain('code.mjs');
    await restorePlugins();
    await rename(join(folder, 'password-file/auth/users'), join(folder, 'password-file/auth/moved'));
    server.child.kill('SIGHUP');
    await expect.poll(rejection(2)).toContain('users: it does not exist');
  });

  it('does not prevent a reload: all routes are served with the plugins again', async () => {
    const { folder, server, urlOf, addWall } = site();
    await rename(join(folder, 'password-file/auth/moved'), join(folder, 'password-file/auth/users'));
    await addWall();
    server.child.kill('SIGHUP');
    await expect.poll(() => server.stderr()).toContain('reloaded: generation 2');
    for (const name of ['code', 'yaml', 'key'])
      await expect.poll(() => statuses(urlOf(name), GATED)).toEqual(GATED);
  });

  it('closes every route when a plugin that acts on all of them has lost its code', async () => {
    const { folder, server, urlOf } = site();
    const expectStatus = (status: number) =>
      expect.poll(() => statuses(urlOf('wall'), both(status))).toEqual(both(status));
    await expectStatus(200);
    await rename(join(folder, 'wall.mjs'), join(folder, 'moved'));
    await replaceByNewWorkers(server);
    await expectStatus(503);
    expect(server.stderr()).not.toContain('crash loop');
    await rename(join(folder, 'moved'), join(folder, 'wall.mjs'));
    server.child.kill('SIGHUP');
    await expectStatus(200);
  });

  it('closes every route when a plugin that acts on all of them has lost what its setup reads', async () => {
    const { folder, server, urlOf } = site();
    await rename(join(folder, 'key'), join(folder, 'moved'));
    await replaceByNewWorkers(server);
    await expect.poll(() => statuses(urlOf('wall'), both(503))).toEqual(both(503));
    expect(server.stderr()).not.toContain('crash loop');
  });

  it('does not prevent the rejection of a start', async () => {
    const folder = await folderWith({
      'webserv.conf':
        'server { listen 127.0.0.1:0; location /x { auth_basic it; auth_basic_user_file users; return 200 x; } }',
    });
    await expect(serving([join(folder, 'webserv.conf')])).rejects.toThrow('users: it does not exist');
  });

  it('serves although the error log cannot be opened', async () => {
    const folder = await folderWith({
      'logs/old': '',
      'webserv.conf': `pid logs/webserv.pid; error_log logs/error.log info;
        server { listen 127.0.0.1:${await freePort()}; return 200 free; }`,
    });
    const server = await serving([join(folder, 'webserv.conf')]);
    const master = masterOf(server);
    await standbyOf(master);
    await rm(join(folder, 'logs'), { recursive: true });
    for (let count = 0; count < 2; count += 1) {
      const worker = await onlyWorkerOf(master);
      process.kill(worker, 'SIGKILL');
      await expect.poll(async () => (await childrenOf(master)).includes(worker)).toBe(false);
      await expect
        .poll(() =>
          fetch(server.url).then(
            (response) => response.status,
            () => 0,
          ),
        )
        .toBe(200);
    }
    await expect.poll(() => server.stderr()).toMatch(/cannot write .*error\.log: ENOENT/);
  });
});
