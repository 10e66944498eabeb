import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { TOOLS } from '../../src/cli/run/make-plugin.js';
import { command } from './in-process.js';
import { folderWith, serving } from './webserv.js';

const json = async (file: string) => JSON.parse(await readFile(file, 'utf8'));

/** tests/packages checks that the plugin builds, and that its tests pass. */
describe('webserv init --plugin', () => {
  it('creates a package that webserv can load as it is', async () => {
    const cwd = await folderWith();
    const { code, stdout, stderr } = await command(['init', '--plugin', 'hello-world'], { cwd });
    expect(code).toBe(0);
    const directory = join(cwd, 'webserv-plugin-hello-world');
    expect(stdout.split('\n')).toContain('webserv-plugin-hello-world/src/index.ts');
    expect(stderr).toContain('cd webserv-plugin-hello-world && npm install --save-dev ');
    const file = join(directory, 'webserv.conf');
    await writeFile(file, (await readFile(file, 'utf8')).replace(':8080', ':0'));
    const server = await serving([], { cwd: directory });
    expect((await fetch(`${server.url}/on`)).headers.get('x-hello-world')).toBe('hello');
    expect((await fetch(`${server.url}/off`)).headers.get('x-hello-world')).toBeNull();
  });

  it('uses the versions that this package itself is built with', async () => {
    const cwd = await folderWith();
    await command(['init', '--plugin', '@me/hello', 'here'], { cwd });
    const made = await json(join(cwd, 'here/package.json'));
    const own = await json(fileURLToPath(new URL('../../package.json', import.meta.url)));
    expect(made).toMatchObject({
      name: '@me/webserv-plugin-hello',
      webservPlugin: { directives: ['hello'] },
      peerDependencies: { '@webserv/server': `^${own.version}` },
      devDependencies: {
        typescript: own.devDependencies.typescript,
        '@types/node': own.devDependencies['@types/node'],
      },
    });
    expect(TOOLS.typescript).toBe(own.devDependencies.typescript);
    expect(await readFile(join(cwd, 'here/README.md'), 'utf8')).toContain('load_plugin @me/hello;');
  });

  it.each([
    ['Hello', '"Hello" is not a valid plugin name'],
    ['a_b', '"a_b" is not a valid plugin name'],
    ['../x', '"../x" is not a valid plugin name'],
    ['static', '"static" is built in'],
    ['error-page', 'a directive "error_page" already exists'],
  ])('refuses the name %s', async (name, message) => {
    const cwd = await folderWith();
    const { code, stdout, stderr } = await command(['init', '--plugin', name], { cwd });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('never writes into an existing package', async () => {
    const cwd = await folderWith({ 'mine/package.json': '{}', 'other/README.md': 'mine' });
    const { code, stderr } = await command(['init', '--plugin', 'hello', 'mine'], { cwd });
    expect(code).toBe(1);
    expect(stderr).toContain('mine/package.json already exists; nothing was created');
    const kept = await command(['init', '--plugin', 'hello', 'other'], { cwd });
    expect(kept.stderr).toContain('other/README.md already exists and is not changed');
    expect(await readFile(join(cwd, 'other/README.md'), 'utf8')).toBe('mine');
  });
});
