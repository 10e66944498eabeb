import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { siteFiles } from '../../src/cli/site-template.js';
import { command, served } from './in-process.js';
import { folderWith, serving, webserv } from './webserv.js';

/** Uses a free port, since several tests may run at the same time. */
async function onFreePort(directory: string, change = (text: string) => text): Promise<void> {
  const file = join(directory, 'webserv.conf');
  const text = await readFile(file, 'utf8');
  await writeFile(file, change(text.replace('127.0.0.1:8080', '127.0.0.1:0')));
}

describe('webserv init', () => {
  it('creates a site that webserv serves, and prints its files', async () => {
    const cwd = await folderWith();
    const { code, stdout, stderr } = await webserv(['init', 'my site'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toBe(siteFiles.map(([name]) => `my site/${name}\n`).join(''));
    expect(stderr).toContain('To serve it:');
    const directory = join(cwd, 'my site');
    await onFreePort(directory);
    const server = await serving([], { cwd: directory });
    expect(await (await fetch(server.url)).text()).toContain('It works');
    const missing = await fetch(`${server.url}/nothing`);
    expect(missing.status).toBe(404);
    expect(await missing.text()).toContain('There is nothing at this address');
  });

  it('creates it in the current directory by default', async () => {
    const cwd = await folderWith();
    expect((await command(['init'], { cwd })).stdout).toMatch(/^webserv\.conf$/m);
    expect((await command(['--test'], { cwd })).stderr).toMatch(
      /webserv\.conf is fine(?: \(1 warning\))?: 1 server/,
    );
  });

  it('creates a configuration in which every example works when its "#" is removed', async () => {
    const cwd = await folderWith();
    await command(['init'], { cwd });
    await mkdir(join(cwd, 'uploads'));
    await onFreePort(cwd, (text) => text.replace(/# (?=location )/g, ''));
    await using server = await served([], { cwd });
    expect(await (await server.fetch('/files/')).text()).toContain('read-me.txt');
    expect((await server.fetch('/old.html')).headers.get('location')).toBe('/');
    const put = await server.fetch('/uploads/a.txt', { method: 'PUT', body: 'sent' });
    expect(put.status).toBe(201);
    expect(await (await server.fetch('/uploads/a.txt')).text()).toBe('sent');
  });

  it('never overwrites a file: an existing page is kept, an existing configuration is an error', async () => {
    const cwd = await folderWith({ 'www/index.html': 'mine' });
    const first = await command(['init'], { cwd });
    expect(first.code).toBe(0);
    expect(first.stderr).toContain('www/index.html already exists and is not changed');
    expect(await readFile(join(cwd, 'www/index.html'), 'utf8')).toBe('mine');

    await writeFile(join(cwd, 'webserv.conf'), 'my configuration');
    const second = await command(['init'], { cwd });
    expect([second.code, second.stdout]).toEqual([1, '']);
    expect(second.stderr).toContain('webserv.conf already exists; nothing was created');
    expect(await readFile(join(cwd, 'webserv.conf'), 'utf8')).toBe('my configuration');
  });

  it.each(['/proc/x', '/proc/self/x/y', '/sys/x', '/dev/null/x'])(
    'reports why it cannot create a site in %s, and does not retry without end',
    async (directory) => {
      for (const args of [[directory], ['--plugin', 'greeting', directory]]) {
        const { code, stderr } = await command(['init', ...args]);
        expect([code, stderr]).toEqual([1, expect.stringContaining('cannot create the ')]);
      }
    },
  );

  it('reports why it cannot create a site', async () => {
    const cwd = await folderWith({ file: '' });
    const { code, stderr } = await command(['init', 'file'], { cwd });
    expect(code).toBe(1);
    expect(stderr).toContain('cannot create the site: ');
  });
});
