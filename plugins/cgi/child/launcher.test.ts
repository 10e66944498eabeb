import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, open, realpath, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import type { Content } from '../spool.js';
import type { Child, Invocation } from './child.js';
import { Launcher } from './launcher.js';
import { loadPosixSpawn } from './posix-spawn.js';

const folder = await realpath(await mkdtemp(join(tmpdir(), 'webserv-child-')));
await writeFile(join(folder, 'plain'), '', { mode: 0o644 });
const nothing: Content = {
  size: 0,
  bytes: new Uint8Array(0),
  file: undefined,
  close: () => Promise.resolve(),
};
const bytes = (text: string): Content => ({ ...nothing, size: text.length, bytes: Buffer.from(text) });

function shell(script: string, rest: Partial<Invocation> = {}): Invocation {
  return {
    command: ['/bin/sh', '-c', script],
    workingDirectory: folder,
    environment: { PATH: '/usr/bin:/bin' },
    input: nothing,
    ...rest,
  };
}

async function textOf(stream: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function resultOf(child: Child) {
  const [output, errors] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  const exit = await child.exited;
  await child.closed;
  return { output, errors, ...exit };
}

function targetOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return ''; // the descriptor that the directory was read by
  }
}

const descriptorsNow = (): number => readdirSync('/proc/self/fd').length;

it('posix_spawn is to be had here: else nothing below would be about it', async () => {
  expect(await loadPosixSpawn()).toBeDefined();
});

describe.each([
  ['posix_spawn', loadPosixSpawn],
  ['fork, where there is nothing better', () => Promise.resolve(undefined)],
])('a program started by %s', (_name, load) => {
  const launcher = new Launcher(load);
  afterAll(() => launcher.dispose());
  const run = async (invocation: Invocation) => resultOf(await launcher.launch(invocation));

  it('has its arguments as they are, its folder, and the environment given to it and no other', async () => {
    const command = [
      '/usr/bin/env',
      '-0',
      'sh',
      '-c',
      'printf "%s|" "$@"; pwd; env',
      '-',
      '',
      'a b',
      '$(id)',
    ];
    const environment = { PATH: '/usr/bin:/bin', EMPTY: '', UMLAUT: 'ä€', QUOTED: '"\'\n' };
    const { output, code } = await run(shell('', { command: command.toSpliced(1, 1), environment }));
    expect(output).toContain(`|a b|$(id)|${folder}\n`);
    expect(output).toContain('UMLAUT=ä€\n');
    expect(output).toContain('EMPTY=\n');
    expect(output).toContain('QUOTED="\'\n\n');
    expect(output).not.toContain('HOME=');
    expect(code).toBe(0);
  });

  it('tells how it ended', async () => {
    expect(await run(shell('exit 7'))).toMatchObject({ code: 7, signal: undefined });
    expect(await run(shell('kill -9 $$'))).toMatchObject({ code: undefined, signal: 'SIGKILL' });
  });

  it('has output and errors apart', async () => {
    expect(await run(shell('echo out; echo err >&2'))).toMatchObject({ output: 'out\n', errors: 'err\n' });
  });

  it('reads its content from memory, from a file, or finds none', async () => {
    const input = 'x'.repeat(64 * 1024);
    expect((await run(shell('cat', { input: bytes(input) }))).output).toBe(input);
    await writeFile(join(folder, 'content'), 'in a file');
    const file = await open(join(folder, 'content'));
    try {
      expect((await run(shell('cat', { input: { ...nothing, size: 9, file } }))).output).toBe('in a file');
    } finally {
      await file.close();
    }
    expect((await run(shell('cat'))).output).toBe('');
  });

  it('need not read its content', async () => {
    expect(await run(shell('exec <&-; echo done', { input: bytes('y'.repeat(60_000)) }))).toMatchObject({
      output: 'done\n',
      code: 0,
    });
  });

  it('leads a session and a group of its own', async () => {
    const child = await launcher.launch(shell('cut -d" " -f5,6 /proc/$$/stat'));
    expect((await resultOf(child)).output).toBe(`${child.pid} ${child.pid}\n`);
  });

  it('ignores no signal and has none blocked', async () => {
    const { output } = await run(
      shell('', { command: ['/bin/grep', '-E', '^Sig(Blk|Ign)', '/proc/self/status'] }),
    );
    const masks = Array.from(output.matchAll(/^Sig(?:Blk|Ign):\s+([0-9a-f]+)$/gm), ([, mask]) =>
      BigInt(`0x${mask}`),
    );
    // Up to 31: glibc reserves 32 and 33, and ignores them in programs that it starts.
    expect(masks.map((mask) => mask & 0x7fffffffn)).toEqual([0n, 0n]);
  });

  it('has no descriptor of the server', async () => {
    const file = await open(join(folder, 'secret'), 'w');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const sockets = readdirSync('/proc/self/fd')
        .map(targetOf)
        .filter((target) => target.startsWith('socket:'));
      const { output } = await run(shell('', { command: ['/bin/ls', '-l', '/proc/self/fd'] }));
      expect(output).toContain(' 2 -> ');
      expect(sockets.length).toBeGreaterThan(0);
      for (const target of [...sockets, 'secret']) expect(output).not.toContain(target);
    } finally {
      server.close();
      await file.close();
    }
  });

  it('is looked for where the server looks when it has no path, and never in its own folder', async () => {
    await writeFile(join(folder, 'planted'), '#!/bin/sh\necho planted\n', { mode: 0o755 });
    expect((await run(shell('', { command: ['echo', 'found'] }))).output).toBe('found\n');
    await expect(run(shell('', { command: ['planted'] }))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([
    ['ENOENT', { command: ['/no/such/program'] }],
    ['ENOENT', { workingDirectory: '/no/such/folder' }],
    ['EACCES', { command: [join(folder, 'plain')] }],
    ['E2BIG', { environment: { LONG: 'x'.repeat(3_000_000) } }],
  ])('that cannot be started is refused with %s', async (code, rest) => {
    const before = descriptorsNow();
    await expect(launcher.launch(shell('', rest))).rejects.toMatchObject({ code });
    await expect.poll(descriptorsNow).toBe(before);
  });

  it('is not started with half of a text', async () => {
    await expect(launcher.launch(shell('', { command: ['/bin/echo', 'a\0b'] }))).rejects.toThrow();
    await expect(launcher.launch(shell('', { environment: { A: 'a\0b' } }))).rejects.toThrow();
  });

  it('leaves no process and no descriptor, thirty at once', async () => {
    await run(shell('true'));
    const before = descriptorsNow();
    const children = await Promise.all(
      Array.from({ length: 30 }, (_, n) => launcher.launch(shell(`echo ${n}`))),
    );
    const results = await Promise.all(children.map(resultOf));
    expect(results.map(({ output }) => output)).toEqual(results.map((_, n) => `${n}\n`));
    await expect.poll(descriptorsNow).toBe(before);
    const own = readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1');
    for (const { pid } of children) expect(own.split(' ')).not.toContain(String(pid));
  });
});
