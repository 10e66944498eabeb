import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith, serving } from '../cli/webserv.js';
import { patience } from './running.js';

const SCRIPT = `#!/bin/sh
printf 'Content-Type: text/plain\\n\\n'
readlink /proc/$$/fd/* 2>/dev/null
exit 0
`;

/** Low and high numbers, with gaps: Node closes those below 16 by itself. */
const LEFT_OPEN = ['9', '17', '60', '200'];
/** Runs the command with descriptors that were left open. */
const leaving = (file: string): string[] => [
  'bash',
  '-c',
  `${LEFT_OPEN.map((number) => `exec ${number}<${file};`).join(' ')} exec "$@"`,
  'bash',
];

describe.runIf(process.platform === 'linux')(
  'descriptors left open by the program that started the server',
  () => {
    it.each([
      ['first worker', false],
      ['worker that took its place', true],
    ])('do not reach the scripts of the %s', async (_, isReplaced) => {
      const folder = await folderWith({
        'webserv.conf': 'server { listen 127.0.0.1:0; root www; cgi .cgi; }',
        'www/fds.cgi': SCRIPT,
        'secret.txt': 'not for scripts',
      });
      await chmod(join(folder, 'www/fds.cgi'), 0o755);
      const secret = join(folder, 'secret.txt');
      const server = await serving([join(folder, 'webserv.conf')], { through: leaving(secret) });
      const ask = async (): Promise<string> => (await fetch(`${server.url}/fds.cgi`)).text();
      if (isReplaced) {
        const { childrenOf, standbyOf } = await import('./running.js');
        const master = server.child.pid ?? 0;
        await standbyOf(master);
        const [worker = 0] = await childrenOf(master);
        process.kill(worker, 'SIGKILL');
        await expect.poll(() => childrenOf(master), patience).not.toContain(worker);
        await expect.poll(() => ask().catch(() => ''), patience).toContain('pipe:');
      }
      const text = await ask();
      expect(text).toContain('pipe:');
      expect(text).not.toContain('secret.txt');
    });

    it('may still hold the configuration', async () => {
      const folder = await folderWith({ conf: 'server { listen 127.0.0.1:0; return 200 served; }' });
      const server = await serving(['--config', '/dev/fd/63'], {
        through: ['bash', '-c', `exec 63<${join(folder, 'conf')}; exec "$@"`, 'bash'],
      });
      expect(await (await fetch(server.url)).text()).toBe('served');
    });
  },
);
