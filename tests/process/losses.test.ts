import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith, type Serving, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { childrenOf, patience, replaceWorker } from './running.js';

/** `me:secret` */
const USERS = 'me:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n';

interface Loss {
  readonly what: string;
  readonly conf: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Directories to create besides those of the files. */
  readonly directories?: readonly string[];
  /** The file or directory that is removed and restored. */
  readonly gone: string;
  /** Path, method → status while it is missing; `/free` always gets 200. */
  readonly without: readonly (readonly [string, string, number])[];
  /** The same after it was restored, without a reload. */
  readonly again: readonly (readonly [string, string, number])[];
  readonly told: string;
}

const LOSSES: readonly Loss[] = [
  {
    what: 'the directory of an access log',
    conf: 'access_log logs/access.log; location /x { return 200 x; }',
    directories: ['logs'],
    gone: 'logs',
    without: [['GET', '/x', 200]],
    again: [['GET', '/x', 200]],
    told: 'logs/access.log cannot be opened: its directory does not exist',
  },
  {
    what: 'a password file',
    conf: 'location /x { root files; auth_basic it; auth_basic_user_file auth/users; }',
    files: { 'auth/users': USERS, 'files/a': 'a' },
    gone: 'auth/users',
    without: [
      ['GET', '/x/a', 503],
      ['HEAD', '/x/a', 503],
    ],
    again: [['GET', '/x/a', 401]],
    told: 'auth/users: it does not exist',
  },
  {
    what: 'the directory of a password file',
    conf: `location /x { root files; auth_basic it; auth_basic_user_file auth/users; }
      location /y { root files; auth_basic it; auth_basic_user_file auth/users; }`,
    files: { 'auth/users': USERS, 'files/a': 'a' },
    gone: 'auth',
    without: [
      ['GET', '/x/a', 503],
      ['GET', '/y/a', 503],
    ],
    again: [['GET', '/y/a', 401]],
    told: 'auth/users: it does not exist',
  },
  {
    what: 'the directory for uploads',
    conf: 'location /x { upload on; upload_store up; upload_delete on; }',
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
    told: 'up does not exist',
  },
  {
    what: 'a root',
    conf: 'location /x { root files; }',
    files: { 'files/a': 'a' },
    gone: 'files',
    without: [['GET', '/x/a', 404]],
    again: [['GET', '/x/a', 200]],
    told: 'files does not exist',
  },
  {
    what: "an error page's directory",
    conf: 'root .; error_page 404 /errors/404.html; location /errors { root errors; }',
    files: { 'errors/404.html': 'a page' },
    gone: 'errors',
    without: [['GET', '/absent', 404]],
    again: [['GET', '/errors/404.html', 200]],
    told: 'errors does not exist',
  },
  {
    what: 'an interpreter',
    conf: 'location /x { root files; cgi .sh bin/interpreter; }',
    files: {
      'bin/interpreter': '#!/bin/sh\nexec /bin/sh "$@"\n',
      'files/a.sh': 'echo Content-Type: text/plain; echo; echo a',
    },
    gone: 'bin/interpreter',
    without: [['GET', '/x/a.sh', 500]],
    again: [['GET', '/x/a.sh', 200]],
    told: 'not found',
  },
];

async function statuses(server: Serving, asked: Loss['without']): Promise<Loss['without']> {
  const found: (readonly [string, string, number])[] = [];
  for (const [method, path] of asked) {
    const body = method === 'PUT' || method === 'POST' ? { body: 'content' } : {};
    const response = await fetch(`${server.url}${path}`, { method, ...body });
    await response.arrayBuffer();
    found.push([method, path, response.status]);
  }
  return found;
}

describe.runIf(process.platform === 'linux')('a replacement worker', () => {
  it.each(LOSSES)(
    'serves without $what, reports this once, and uses it again once it is restored',
    async (loss) => {
      const folder = await folderWith({
        ...loss.files,
        'webserv.conf': `server { listen 127.0.0.1:${await freePort()}; location = /free { return 200 free; } ${loss.conf} }`,
      });
      for (const directory of loss.directories ?? []) await mkdir(join(folder, directory));
      if (loss.gone.startsWith('bin/')) await chmod(join(folder, loss.gone), 0o755);
      const server = await serving([join(folder, 'webserv.conf')]);
      await rename(join(folder, loss.gone), join(folder, 'moved'));
      // The first replacement was on standby before; the later ones start after the removal.
      for (let count = 0; count < 3; count += 1) await replaceWorker(server);
      expect(await statuses(server, [['GET', '/free', 200]])).toEqual([['GET', '/free', 200]]);
      expect(await statuses(server, loss.without)).toEqual(loss.without);
      expect(server.stderr().split(loss.told)).toHaveLength(2);
      await rename(join(folder, 'moved'), join(folder, loss.gone));
      await expect
        .poll(() => statuses(server, loss.again), { ...patience, interval: 300 })
        .toEqual(loss.again);
      expect(server.stderr()).not.toContain('crash loop');
    },
  );

  it('serves although the error log cannot be opened', async () => {
    const folder = await folderWith({
      'logs/old': '',
      'webserv.conf': `pid logs/webserv.pid; error_log logs/error.log info;
        server { listen 127.0.0.1:${await freePort()}; return 200 free; }`,
    });
    const server = await serving([join(folder, 'webserv.conf')]);
    await rm(join(folder, 'logs'), { recursive: true });
    const master = server.child.pid ?? 0;
    for (let count = 0; count < 3; count += 1) {
      const [worker = 0] = await childrenOf(master);
      process.kill(worker, 'SIGKILL');
      await expect.poll(async () => (await childrenOf(master)).includes(worker), patience).toBe(false);
      await expect
        .poll(
          () =>
            fetch(server.url).then(
              (response) => response.status,
              () => 0,
            ),
          patience,
        )
        .toBe(200);
    }
    await expect.poll(() => server.stderr(), patience).toMatch(/cannot write .*error\.log: ENOENT/);
  });

  it.each(['start', 'reload'])('a %s is still rejected', async (change) => {
    const conf = `server { listen 127.0.0.1:${await freePort()}; location /x { auth_basic it; auth_basic_user_file users; return 200 x; } }`;
    const folder = await folderWith({ 'webserv.conf': conf, users: USERS });
    const file = join(folder, 'webserv.conf');
    if (change === 'start') {
      await rm(join(folder, 'users'));
      await expect(serving([file])).rejects.toThrow('users: it does not exist');
      return;
    }
    const server = await serving([file]);
    await rm(join(folder, 'users'));
    server.child.kill('SIGHUP');
    await expect
      .poll(() => server.stderr(), patience)
      .toContain('not reloaded; the server keeps its previous configuration');
  });

  it('closes the routes for which a plugin fails, and no others', async () => {
    const folder = await folderWith({
      'webserv.conf': `load_plugin ./picky.mjs; server { listen 127.0.0.1:${await freePort()};
        location = /free { return 200 free; } location /x { picky on; return 200 x; } }`,
      'picky.mjs': `import { existsSync } from 'node:fs';
        import { definePlugin, flag } from '@webserv/server';
        export default definePlugin({
          name: 'picky',
          directives: { picky: flag({ default: false, help: 'wants a file', example: 'picky on;' }) },
          codes: { 'picky-file': 'there is no file' },
          apply({ options, route, refuse }) {
            if (options.picky && !existsSync(new URL('wanted', import.meta.url)))
              refuse({ code: 'picky-file', message: 'the wanted file is gone', place: route.place });
          },
        });`,
      wanted: '',
    });
    const server = await serving([join(folder, 'webserv.conf')]);
    await rm(join(folder, 'wanted'));
    for (let count = 0; count < 3; count += 1) await replaceWorker(server);
    const expected: Loss['without'] = [
      ['GET', '/free', 200],
      ['GET', '/x', 503],
      ['POST', '/x', 503],
    ];
    expect(await statuses(server, expected)).toEqual(expected);
    expect(server.stderr().split('the wanted file is gone')).toHaveLength(2);
    await writeFile(join(folder, 'wanted'), '');
    await replaceWorker(server);
    await replaceWorker(server);
    expect(await statuses(server, [['GET', '/x', 200]])).toEqual([['GET', '/x', 200]]);
  });
});
