import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { repository, webserv } from './webserv.js';

let home = '';

/** A copy of the built program, without declarations and source maps. */
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'webserv-installed-'));
  const filter = (file: string): boolean => !/\.d\.ts$|\.map$/.test(file);
  await cp(join(repository, 'dist'), join(home, 'dist'), { recursive: true, filter });
  await cp(join(repository, 'package.json'), join(home, 'package.json'));
  await symlink(join(repository, 'node_modules'), join(home, 'node_modules'));
  await writeFile(join(home, 'a.conf'), 'server { listen 127.0.0.1:0; return 200 x; }');
});

afterAll(() => rm(home, { recursive: true }));

/** Moves files out of the installation, and back when disposed of. */
async function without(part: RegExp): Promise<AsyncDisposable> {
  const files = await readdir(join(home, 'dist'), { recursive: true });
  const gone = files.filter((file) => part.test(file));
  expect(gone).not.toEqual([]);
  const moves = gone.map((file) => [join(home, 'dist', file), join(home, 'gone', file)] as const);
  for (const [from, to] of moves) {
    await mkdir(dirname(to), { recursive: true });
    await rename(from, to);
  }
  return {
    [Symbol.asyncDispose]: async () => {
      for (const [from, to] of moves) await rename(to, from);
    },
  };
}

it.each([
  [/^shared$/, '--version'],
  [/^shared\/start-/, '--version'],
  [/^shared\/start-command-/, '--help'],
  [/^shared\/command-/, '--help'],
  [/^shared\/server-/, '--test'],
  [/^src\/cli\/worker\.js$/, 'a.conf'],
  [/^shared\/start-worker-/, 'a.conf'],
  [/^shared\/server-/, 'a.conf'],
])('a program without %s reports the incomplete installation, in a line: %s', async (part, arg) => {
  await using _missing = await without(part);
  const { code, stderr } = await webserv(arg === '--test' ? ['--test', 'a.conf'] : [arg], {
    cwd: home,
    program: join(home, 'dist/src/cli/main.js'),
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^(?:webserv: |a worker ended before it served \().*the installation is incomplete/m,
  );
  expect(stderr).not.toMatch(/^\s+at /m);
});
