import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installedIn } from '../cli/installed.js';
import { folderWith, serving, webserv } from '../cli/webserv.js';
import { responseOf } from './running.js';

const isRoot = process.getuid?.() === 0;
const conf = (user: string): string => `${user}server { listen 127.0.0.1:0; return 200 served; }`;

describe.runIf(isRoot)('a server started as root', () => {
  it('without a user gives a warning, by a check and at the start, with the directive to write', async () => {
    const folder = await folderWith({ 'webserv.conf': conf('') });
    const file = join(folder, 'webserv.conf');
    const checked = await webserv(['--test', file]);
    expect(checked.code).toBe(0);
    expect(checked.stderr).toContain('warning[runs-as-root]: started as root without "user"');
    expect(checked.stderr).toContain('"user www-data;"');
    expect(checked.stderr).toContain('"user root;"');
    const server = await serving([file]);
    expect(server.stderr()).toContain('warning[runs-as-root]');
    expect(await responseOf(server)).toBe('served');
    server.child.kill('SIGHUP');
    await expect.poll(() => server.stderr().split('warning[runs-as-root]').length).toBe(3);
  });

  it.each(['user root; ', 'user daemon; '])('with "%s" gives none', async (user) => {
    const folder = await folderWith({ 'webserv.conf': conf(user) });
    const file = join(folder, 'webserv.conf');
    const program = await installedIn(0o755);
    expect((await webserv(['--test', '--strict', file], { program })).code).toBe(0);
    const server = await serving([file], { program });
    expect(await responseOf(server)).toBe('served');
    expect(server.stderr()).toBe('');
  });

  it("is warned of a program that the workers' user may not read", async () => {
    const folder = await folderWith({ 'webserv.conf': conf('user daemon; ') });
    const file = join(folder, 'webserv.conf');
    const program = await installedIn(0o700);
    const checked = await webserv(['--test', file], { program });
    expect(checked.code).toBe(0);
    expect(checked.stderr).toMatch(
      /:1:1: warning\[program-unreadable\]: user "daemon" may not read .*\/dist/,
    );
    const server = await serving([file], { program });
    expect(server.stderr()).toContain('warning[program-unreadable]');
  });

  it.each(['explain', 'plugins'])('gives no warning by "%s", which does not serve', async (word) => {
    const folder = await folderWith({ 'webserv.conf': conf('') });
    const words = word === 'explain' ? ['explain', '/'] : [word];
    const { code, stderr } = await webserv([...words, '--config', join(folder, 'webserv.conf')]);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('by "webserv serve" gives a message, since no configuration can name a user', async () => {
    const folder = await folderWith({ 'index.html': 'hello' });
    const server = await serving(['serve', folder, '--port', '0']);
    expect(server.stderr()).toMatch(/^webserv: started as root: .*\n$/);
  });
});
