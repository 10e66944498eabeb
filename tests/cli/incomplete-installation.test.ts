import { execFile } from 'node:child_process';
import { cp, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderWith, repository } from './webserv.js';

/** A copy of the built program without some of its files. */
async function without(part: RegExp): Promise<string> {
  const home = await folderWith({ 'a.conf': 'server { listen 127.0.0.1:0; return 200 x; }' });
  await cp(join(repository, 'dist'), join(home, 'dist'), { recursive: true });
  await cp(join(repository, 'package.json'), join(home, 'package.json'));
  await symlink(join(repository, 'node_modules'), join(home, 'node_modules'));
  const files = await readdir(join(home, 'dist'), { recursive: true });
  const gone = files.filter((file) => part.test(file));
  expect(gone).not.toEqual([]);
  for (const file of gone) await rm(join(home, 'dist', file), { recursive: true, force: true });
  return home;
}

const run = (home: string, args: readonly string[]): Promise<{ code: unknown; stderr: string }> =>
  new Promise((resolve) => {
    const main = join(home, 'dist/src/cli/main.js');
    execFile(process.execPath, [main, ...args], { cwd: home, timeout: 20_000 }, (error, _stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stderr }),
    );
  });

it.each([
  [/^shared$/, '--version'],
  [/^shared\/unexpected-/, '--version'],
  [/^shared\/start-command-/, '--help'],
  [/^plugins$/, '--test'],
  [/^src\/cli\/worker\.js$/, 'a.conf'],
  [/^shared\/start-worker-/, 'a.conf'],
  [/^shared\/stray-descriptors-/, 'a.conf'],
])(
  'a program without %s reports the incomplete installation, in a line: %s',
  async (part, arg) => {
    const home = await without(part);
    const { code, stderr } = await run(home, arg === '--test' ? ['--test', 'a.conf'] : [arg]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^(?:webserv: |a worker ended before it served \().*the installation is incomplete/m,
    );
    expect(stderr).not.toMatch(/^\s+at /m);
  },
  30_000,
);
