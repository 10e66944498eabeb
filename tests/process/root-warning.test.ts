import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../cli/afterwards.js';
import { command } from '../cli/in-process.js';
import { installedIn } from '../cli/installed.js';
import { folderWith, serving, webserv } from '../cli/webserv.js';
import { responseOf } from './running.js';

const isRoot = process.getuid?.() === 0;
const conf = (user: string): string => `${user}server { listen 127.0.0.1:0; return 200 served; }`;

describe.runIf(isRoot)('a server started as root', () => {
  it('without a user gives a warning at the start and at a reload, and none once it has a user', async () => {
    const folder = await folderWith({ 'webserv.conf': conf('') });
    const file = join(folder, 'webserv.conf');
    const server = await serving([file]);
    const warnings = (): number => server.stderr().split('warning[runs-as-root]').length - 1;
    await expect.poll(warnings).toBe(1);
    expect(await responseOf(server)).toBe('served');
    server.child.kill('SIGHUP');
    await expect.poll(() => server.stderr()).toContain('reloaded: generation 2');
    await expect.poll(warnings).toBe(2);
    await writeFile(file, conf('user root; '));
    server.child.kill('SIGHUP');
    await expect.poll(() => server.stderr()).toContain('reloaded: generation 3');
    expect(warnings()).toBe(2);
  });

  it('without a user gives a warning by a check, with the directive to write', async () => {
    const folder = await folderWith({ 'webserv.conf': conf('') });
    const checked = await command(['--test', join(folder, 'webserv.conf')]);
    expect(checked.code).toBe(0);
    expect(checked.stderr).toContain('warning[runs-as-root]: started as root without "user"');
    expect(checked.stderr).toContain('"user www-data;"');
    expect(checked.stderr).toContain('"user root;"');
  });

  it('with "user root;" gives no warning by a strict check', async () => {
    const folder = await folderWith({ 'webserv.conf': conf('user root; ') });
    expect((await command(['--test', '--strict', join(folder, 'webserv.conf')])).code).toBe(0);
  });

  it.each(['explain', 'plugins'])('gives no warning by "%s", which does not serve', async (word) => {
    const folder = await folderWith({ 'webserv.conf': conf('') });
    const words = word === 'explain' ? ['explain', '/'] : [word];
    const { code, stderr } = await command([...words, '--config', join(folder, 'webserv.conf')]);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('by "webserv serve" gives a message, since no configuration can name a user', async () => {
    const folder = await folderWith({ 'index.html': 'hello' });
    const server = await serving(['serve', folder, '--port', '0']);
    await expect.poll(() => server.stderr()).toMatch(/^webserv: started as root: .*\n$/);
  });
});

describe.runIf(isRoot)('a server started as root, whose workers have another user', () => {
  const site = shared(async () => {
    const folder = await folderWith({ 'webserv.conf': conf('user daemon; ') });
    const file = join(folder, 'webserv.conf');
    const program = await installedIn(0o755);
    return { file, program, server: await serving([file], { program }) };
  });

  it('gives no warning', async () => {
    const { file, program, server } = site();
    expect((await webserv(['--test', '--strict', file], { program })).code).toBe(0);
    expect(await responseOf(server)).toBe('served');
    expect(server.stderr()).toBe('');
  });

  it('is warned of a program that this user may not read', async () => {
    const { file, program, server } = site();
    await chmod(join(program, '../../../..'), 0o700);
    const checked = await webserv(['--test', file], { program });
    expect(checked.code).toBe(0);
    expect(checked.stderr).toMatch(
      /:1:1: warning\[program-unreadable\]: user "daemon" may not read .*\/dist/,
    );
    server.child.kill('SIGHUP');
    await expect.poll(() => server.stderr()).toContain('warning[program-unreadable]');
  });
});
