import { chmod, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../cli/afterwards.js';
import { command } from '../cli/in-process.js';
import { folderWith, serving, webserv } from '../cli/webserv.js';
import { childrenOf, masterOf, onlyWorkerOf, responseOf, standbyOf } from './running.js';

/**
 * Debian has this user, and a group of this name. Only root can switch to it; other users get a warning, and serve with
 * their own account.
 */
const USER = 'daemon';
const isRoot = process.getuid?.() === 0;

/** Attempts to listen on several addresses. */
const BINDING = `import { createServer } from 'node:net';
import { definePlugin, flag, Stage } from '@webserv/server';
const attempt = (options) => new Promise((resolve) => {
  const server = createServer();
  server.once('error', ({ code }) => resolve(code));
  server.listen(options, () => server.close(() => resolve('bound')));
});
export default definePlugin({
  name: 'binding',
  directives: { binding: flag({ default: false, help: 'binds', example: 'binding on;' }) },
  apply({ options, hooks, route }) {
    if (!options.binding) return;
    const { directory } = route.boundary;
    hooks.onRoute.tapPromise({ stage: Stage.handler }, async () => ({ status: 200, body: [
      await attempt({ path: directory + '/new.sock' }),
      await attempt({ port: 81, host: '127.0.0.1' }),
      await attempt({ fd: 0 }),
      await attempt({ port: 0, host: '127.0.0.1' }),
    ].join() }));
  },
});`;

const conf = (user: string): string =>
  `user ${user}; load_plugin ./binding.mjs; error_log logs/error.log info; access_log logs/access.log;
  server { listen 127.0.0.1:0; location / { return 200 served; } location /binding { root www; binding on; } }`;

async function site(user: string) {
  const folder = await folderWith({
    'webserv.conf': conf(user),
    'binding.mjs': BINDING,
    'logs/.keep': '',
    'www/a': '',
  });
  await chmod(folder, 0o755);
  return { folder, file: join(folder, 'webserv.conf') };
}

const field = async (pid: number, name: string): Promise<string | undefined> =>
  new RegExp(`^${name}:\\s*(.*)`, 'm').exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];

describe.runIf(process.platform === 'linux')('with a user, the workers', () => {
  const served = shared(async () => {
    const { folder, file } = await site(USER);
    return { folder, server: await serving([file]), access: join(folder, 'logs/access.log') };
  });

  /** Moves the logs away, as log rotation does, and waits until the workers have opened new ones. */
  const rotateLogs = async (suffix: string): Promise<void> => {
    const { folder, server, access } = served();
    for (const log of ['error', 'access']) {
      await rename(join(folder, `logs/${log}.log`), join(folder, `logs/${log}.log${suffix}`));
    }
    server.child.kill('SIGUSR1');
    await expect.poll(() => readFile(access, 'utf8').catch(() => undefined)).toBe('');
  };

  /** Visits until the access log has a line: the file exists first, and belongs to the workers soon afterwards. */
  const expectLogged = (): Promise<void> =>
    expect
      .poll(async () => {
        await responseOf(served().server).catch(() => '');
        return readFile(served().access, 'utf8');
      })
      .toContain('GET / ');

  it('run as that user once they serve, without root’s rights; the master does not', async () => {
    const { folder, server } = served();
    const worker = await onlyWorkerOf(masterOf(server));
    const uid = await field(worker, 'Uid');
    const log = (): Promise<string> => readFile(join(folder, 'logs/error.log'), 'utf8');
    if (isRoot) {
      expect(uid).not.toMatch(/\b0\b/);
      expect(await field(worker, 'Gid')).not.toMatch(/\b0\b/);
      expect(await field(worker, 'CapPrm')).toMatch(/^0+$/);
      expect(await field(masterOf(server), 'Uid')).toMatch(/^0\t/);
    } else {
      expect(uid).toMatch(new RegExp(`^${process.getuid?.()}\t`));
      await expect.poll(log).toContain('only root can switch to another user');
    }
    expect(await responseOf(server)).toBe('served');
  });

  it('reopen the logs in a directory that they cannot write to', async () => {
    const { folder, server, access } = served();
    await expectLogged();
    await rotateLogs('.1');
    await expectLogged();
    const worker = await onlyWorkerOf(masterOf(server));
    const owner = Number((await field(worker, 'Uid'))?.split('\t')[0]);
    expect((await stat(access)).uid).toBe(owner);
    expect((await stat(join(folder, 'logs/error.log'))).uid).toBe(owner);
    expect(server.stderr()).toBe('');
  });

  it('that were on standby when logs were moved away write to the new files', async () => {
    const { server, access } = served();
    const master = masterOf(server);
    await standbyOf(master);
    await rotateLogs('.2');
    const before = await readFile(`${access}.2`, 'utf8');
    const worker = await onlyWorkerOf(master);
    process.kill(worker, 'SIGKILL');
    await expect.poll(() => childrenOf(master)).not.toContain(worker);
    await expectLogged();
    expect(await readFile(`${access}.2`, 'utf8')).toBe(before);
  });

  it('that does not exist are rejected before the server listens, and by a check', async () => {
    const { file } = await site('webserv-nobody');
    if (!isRoot) return expect((await command(['--test', file])).code).toBe(0);
    for (const run of [() => command(['--test', file]), () => webserv([file])]) {
      const { code, stdout, stderr } = await run();
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain(':1:6: error[unknown-user]: there is no user "webserv-nobody"\n');
      expect(stderr).not.toContain('    at ');
    }
  });

  it.runIf(isRoot)(
    'cannot make the master, which is root, bind addresses that they may not bind',
    async () => {
      const { folder, server } = served();
      const response = await responseOf({ url: `${server.url}/binding` });
      expect(response).toMatch(/^EACCES,EACCES,E[A-Z]+,bound$/);
      await expect(stat(join(folder, 'www/new.sock'))).rejects.toThrow('ENOENT');
    },
  );
});
