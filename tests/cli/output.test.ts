import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandLine } from './in-process.js';
import { folderWith, repository } from './webserv.js';

describe('output that cannot be written', () => {
  const main = join(repository, 'dist/src/cli/main.js');

  async function toFull(args: readonly string[], cwd: string) {
    const line = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ');
    const child = spawn('sh', ['-c', `${line} > /dev/full`], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => {
      stderr += String(text);
    });
    await once(child, 'close');
    return { code: child.exitCode, stderr };
  }

  const conf = 'server { listen 8080; return 200 x; }';
  const failed = [1, expect.stringContaining('the output could not be written: ENOSPC')];

  it.each([[['--help']], [['--print-config', 'a.conf']]])('is exit 1 with a message: %j', async (args) => {
    const cwd = await folderWith({ 'a.conf': conf });
    const { code, stderr } = await toFull(args, cwd);
    expect([code, stderr]).toEqual(failed);
  });

  it.each([
    [['schema']],
    [['schema', '-c', 'a.conf']],
    [['plugins']],
    [['plugins', '-c', 'a.conf']],
    [['explain', '/', '-c', 'a.conf']],
    [['init', 'new']],
    [['init', '--plugin', 'greeting']],
    [['help', 'serve']],
    [['--version']],
    [['-V']],
  ])('is exit 1 with a message: %j', async (args) => {
    const cwd = await folderWith({ 'a.conf': conf });
    const { code, stderr } = await commandLine(args, { cwd, stdout: '/dev/full' });
    expect([code, stderr]).toEqual(failed);
  });
});
