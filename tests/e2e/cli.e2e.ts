import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { webserv } from './command.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'webserv-cli-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function conf(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('webserv', () => {
  it('--help prints help, --version prints the version, both exit 0', async () => {
    const help = await webserv(['--help']);
    expect([help.child.exitCode, help.stderr()]).toEqual([0, '']);
    expect(help.stdout()).toContain('--config FILE');
    const version = await webserv(['-v']);
    expect(version.child.exitCode).toBe(0);
    expect(version.stdout()).toMatch(/^webserv \d+\.\d+\.\d+\n$/);
  });

  it('an unknown flag is exit 2, and nothing on stdout', async () => {
    const command = await webserv(['--confg', 'x']);
    expect([command.child.exitCode, command.stdout()]).toEqual([2, '']);
    expect(command.stderr()).toContain('--confg');
  });

  it.each([['--config'], ['-c'], []])('accepts the configuration by %s', async (...flag) => {
    const file = await conf('ok.conf', 'server { listen 127.0.0.1:0; return 200 ok; }');
    await using command = await webserv([...flag, file], /serves .*\n.*http:\/\/127\.0\.0\.1:\d+\n/);
    const url = /http:\S+/.exec(command.stdout())?.[0] ?? '';
    expect(await (await fetch(url)).text()).toBe('ok');
    expect(await command.end('SIGTERM')).toBe(0);
  });

  it('an invalid configuration is exit 1, with every error at its place', async () => {
    const file = await conf('bad.conf', 'server {\n  listn 8080;\n  listen 80800;\n}\n');
    const command = await webserv(['-c', file]);
    expect(command.child.exitCode).toBe(1);
    expect(command.stderr()).toMatch(/bad\.conf:2:3/);
    expect(command.stderr()).toContain('did you mean "listen"');
    expect(command.stderr()).toMatch(/bad\.conf:3:10/);
  });

  it('a missing file is exit 1 and names it', async () => {
    const command = await webserv(['-c', join(folder, 'absent.conf')]);
    expect(command.child.exitCode).toBe(1);
    expect(command.stderr()).toContain('absent.conf');
  });

  it('a port in use is exit 1, with the port and the line', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const file = await conf(
      'taken.conf',
      `server {\n  listen 127.0.0.1:0;\n  listen 127.0.0.1:${port};\n  return 204;\n}\n`,
    );
    const command = await webserv(['-c', file]);
    expect(command.child.exitCode).toBe(1);
    expect(command.stderr()).toMatch(
      new RegExp(`taken\\.conf:3:\\d+: cannot listen on 127\\.0\\.0\\.1:${port}: .*in use`),
    );
    holder.close();
  });
});
