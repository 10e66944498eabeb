import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../cli/afterwards.js';
import { folderWith, type Serving, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { childrenOf, masterOf, replaceWorker, standbyOf } from './running.js';

/** `me:secret` */
const USERS = 'me:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n';

interface Loss {
  readonly what: string;
  /** Name of its directory, which has the files, and which relative paths in `conf` start from. */
  readonly name: string;
  readonly conf: (directory: string) => string;
  readonly files?: Readonly<Record<string, string>>;
  /** Directories to create besides those of the files. */
  readonly directories?: readonly string[];
  /** The file or directory that is removed and restored. */
  readonly gone: string;
  /** Path, method → status while it is missing; `/free` always gets 200. */
  readonly without: readonly (readonly [string, string, number])[];
  /** The same after it was restored, without a reload. */
  readonly again: readonly (readonly [string, string, number])[];
  /** The report, once it is missing. */
  readonly told: (directory: string) => string;
}

const LOSSES: readonly Loss[] = [
  {
    what: 'the directory of an access log',
    name: 'log',
    conf: (at) => `access_log ${at}/logs/access.log; location /x { return 200 x; }`,
    directories: ['logs'],
    gone: 'logs',
    without: [['GET', '/x', 200]],
    again: [['GET', '/x', 200]],
    told: (at) => `access log ${at}/logs/access.log cannot be opened: its directory does not exist`,
  },
  {
    what: 'a password file',
    name: 'password-file',
    conf: (at) => `location /x { root ${at}/files; auth_basic it; auth_basic_user_file ${at}/auth/users; }`,
    files: { 'auth/users': USERS, 'files/a': 'a' },
    gone: 'auth/users',
    without: [
      ['GET', '/x/a', 503],
      ['HEAD', '/x/a', 503],
    ],
    again: [['GET', '/x/a', 401]],
    told: (at) => `the password file ${at}/auth/users: it does not exist`,
  },
  {
    what: 'the directory of a password file',
    name: 'password-directory',
    conf: (at) => `location /x { root ${at}/files; auth_basic it; auth_basic_user_file ${at}/auth/users; }
      location /y { root ${at}/files; auth_basic it; auth_basic_user_file ${at}/auth/users; }`,
    files: { 'auth/users': USERS, 'files/a': 'a' },
    gone: 'auth',
    without: [
      ['GET', '/x/a', 503],
      ['GET', '/y/a', 503],
    ],
    again: [['GET', '/y/a', 401]],
    told: (at) => `the password file ${at}/auth/users: it does not exist`,
  },
  {
    what: 'the directory for uploads',
    name: 'uploads',
    conf: (at) => `location /x { upload on; upload_store ${at}/up; upload_delete on; }`,
    directories: ['up'],
    gone: 'up',
    without: [
      ['PUT', '/x/a', 503],
      ['POST', '/x/', 503],
      ['DELETE', '/x/a', 503],
    ],
    again: [
      ['PUT', '/x/a', 201],
      ['DELETE', '/x/a', 204],
    ],
    told: (at) => `${at}/up does not exist`,
  },
  {
    what: 'a root',
    name: 'root',
    conf: (at) => `location /x { root ${at}/files; }`,
    files: { 'files/a': 'a' },
    gone: 'files',
    without: [['GET', '/x/a', 404]],
    again: [['GET', '/x/a', 200]],
    told: (at) => `${at}/files does not exist`,
  },
  {
    what: "an error page's directory",
    name: 'error-page',
    conf: (at) => `root ${at}; error_page 404 /errors/404.html; location /errors { root ${at}/errors; }`,
    files: { 'errors/404.html': 'a page' },
    gone: 'errors',
    without: [['GET', '/absent', 404]],
    again: [['GET', '/errors/404.html', 200]],
    told: (at) => `${at}/errors does not exist`,
  },
  {
    what: 'an interpreter',
    name: 'interpreter',
    conf: (at) => `location /x { root ${at}/files; cgi .sh ${at}/bin/interpreter; }`,
    files: {
      'bin/interpreter': '#!/bin/sh\nexec /bin/sh "$@"\n',
      'files/a.sh': 'echo Content-Type: text/plain; echo; echo a',
    },
    gone: 'bin/interpreter',
    without: [['GET', '/x/a.sh', 500]],
    again: [['GET', '/x/a.sh', 200]],
    told: (at) => `program "${at}/bin/interpreter" not found`,
  },
];

type Statuses = readonly (readonly [method: string, path: string, status: number])[];

async function statuses(url: string, asked: Statuses): Promise<Statuses> {
  const found: (readonly [string, string, number])[] = [];
  for (const [method, path] of asked) {
    const body = method === 'PUT' || method === 'POST' ? { body: 'content' } : {};
    const response = await fetch(`${url}${path}`, { method, ...body });
    await response.arrayBuffer();
    found.push([method, path, response.status]);
  }
  return found;
}

const PICKY = `import { existsSync } from 'node:fs';
  import { definePlugin, flag } from '@webserv/server';
  export default definePlugin({
    name: 'picky',
    directives: { picky: flag({ default: false, help: 'wants a file', example: 'picky on;' }) },
    codes: { 'picky-file': 'there is no file' },
    apply({ options, route, refuse }) {
      if (options.picky && !existsSync(new URL('wanted', import.meta.url)))
        refuse({ code: 'picky-file', message: 'the wanted file is gone', place: route.place });
    },
  });`;

/** Replaces the worker, and then the one that stood by before something was lost. */
async function replaceByNewWorkers(server: Serving): Promise<void> {
  await standbyOf(masterOf(server));
  for (let count = 0; count < 2; count += 1) await replaceWorker(server);
  // It reports what it misses, too.
  await standbyOf(masterOf(server));
}

describe.runIf(process.platform === 'linux')('a replacement worker', () => {
  const site = shared(async () => {
    const servers: string[] = [];
    const urls = new Map<string, string>();
    for (const { name, conf } of LOSSES) {
      const port = await freePort();
      urls.set(name, `http://127.0.0.1:${port}`);
      servers.push(
        `server { listen 127.0.0.1:${port}; location = /free { return 200 free; } ${conf(name)} }\n`,
      );
    }
    const folder = await folderWith({
      'webserv.conf': `load_plugin ./picky.mjs; server { listen 127.0.0.1:${await freePort()};
        location = /free { return 200 free; } location /x { picky on; return 200 x; } }
        ${servers.join('')}`,
      'picky.mjs': PICKY,
      wanted: '',
    });
    for (const { name, files = {}, directories = [] } of LOSSES) {
      for (const directory of directories) await mkdir(join(folder, name, directory), { recursive: true });
      for (const [file, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name, file)), { recursive: true });
        await writeFile(join(folder, name, file), text);
      }
    }
    await chmod(join(folder, 'interpreter/bin/interpreter'), 0o755);
    const server = await serving([join(folder, 'webserv.conf')]);
    for (const { name, gone } of LOSSES) await rename(join(folder, name, gone), join(folder, name, 'moved'));
    await rm(join(folder, 'wanted'));
    await replaceByNewWorkers(server);
    return { folder, server, urls };
  });

  it.each(LOSSES)(
    'serves without $what, reports this once, and uses it again once it is restored',
    async ({ name, gone, without, again, told }) => {
      const { folder, server, urls } = site();
      const url = urls.get(name) ?? '';
      expect(await statuses(url, [['GET', '/free', 200]])).toEqual([['GET', '/free', 200]]);
      expect(await statuses(url, without)).toEqual(without);
      expect(server.stderr().split(told(join(folder, name)))).toHaveLength(2);
      await rename(join(folder, name, 'moved'), join(folder, name, gone));
      await expect.poll(() => statuses(url, again), { interval: 300 }).toEqual(again);
      expect(server.stderr()).not.toContain('crash loop');
    },
  );

  it('closes the routes for which a plugin fails, and no others', async () => {
    const { folder, server } = site();
    const expected: Statuses = [
      ['GET', '/free', 200],
      ['GET', '/x', 503],
      ['POST', '/x', 503],
    ];
    expect(await statuses(server.url, expected)).toEqual(expected);
    expect(server.stderr().split('the wanted file is gone')).toHaveLength(2);
    await writeFile(join(folder, 'wanted'), '');
    await replaceByNewWorkers(server);
    expect(await statuses(server.url, [['GET', '/x', 200]])).toEqual([['GET', '/x', 200]]);
  });

  it('does not prevent the rejection of a reload', async () => {
    const { folder, server } = site();
    await rm(join(folder, 'password-file/auth/users'));
    server.child.kill('SIGHUP');
    await expect
      .poll(() => server.stderr())
      .toMatch(/not reloaded; the server keeps its previous configuration[\s\S]*users: it does not exist/);
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
      const [worker = 0] = await childrenOf(master);
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
