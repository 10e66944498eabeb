import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../cli/afterwards.js';
import { folderWith, serving } from '../cli/webserv.js';
import { masterOf, replaceWorker, responseOf, standbyOf } from './running.js';

const SCRIPT = `#!/bin/sh
printf 'Content-Type: text/plain\\n\\n'
readlink /proc/$$/fd/* 2>/dev/null
exit 0
`;

/** Low and high numbers, with gaps: Node closes those below 16 by itself. */
const LEFT_OPEN = ['9', '17', '60', '200'];
/** Runs the command with descriptors that were left open, and with its configuration as descriptor 63. */
const leaving = (file: string, conf: string): string[] => [
  'bash',
  '-c',
  `${LEFT_OPEN.map((number) => `exec ${number}<${file};`).join(' ')} exec 63<${conf}; exec "$@"`,
  'bash',
];

describe.runIf(process.platform === 'linux')(
  'descriptors left open by the program that started the server',
  () => {
    const site = shared(async () => {
      const folder = await folderWith({
        'www/fds.cgi': SCRIPT,
        'secret.txt': 'not for scripts',
      });
      await chmod(join(folder, 'www/fds.cgi'), 0o755);
      const conf = await folderWith({
        conf: `server { listen 127.0.0.1:0; location / { return 200 served; } location /scripts { root ${folder}/www; cgi .cgi; } }`,
      });
      return serving(['--config', '/dev/fd/63'], {
        through: leaving(join(folder, 'secret.txt'), join(conf, 'conf')),
      });
    });

    const expectClosed = async (): Promise<void> => {
      const text = await responseOf({ url: `${site().url}/scripts/fds.cgi` });
      expect(text).toContain('pipe:');
      expect(text).not.toContain('secret.txt');
    };

    it('may hold the configuration', async () => {
      expect(await responseOf(site())).toBe('served');
    });

    it('do not reach the scripts of the first worker', expectClosed);

    it('do not reach the scripts of the worker that took its place', async () => {
      await standbyOf(masterOf(site()));
      await replaceWorker(site());
      await expectClosed();
    });
  },
);
