import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderWith, start } from '../cli/webserv.js';
import { get } from './client.js';

it('webserv serve --https serves a directory with a certificate of the local authority, for the names of --host too', async () => {
  const cwd = await folderWith({ 'www/index.html': 'hello' });
  const { child, texts, ended } = start(
    ['serve', 'www', '--https', '--port', '0', '--host', 'dev.test', '--host', '192.0.2.1'],
    { cwd, environment: { STATE_DIRECTORY: join(cwd, 'state') } },
  );
  try {
    await expect.poll(() => texts.stdout).toMatch(/^ {2}https:\/\/127\.0\.0\.1:\d+\n/m);
    const port = Number(/:(\d+)\n/.exec(texts.stdout)?.[1]);
    const ca = await readFile(join(cwd, 'state/authority/1/certificate.pem'), 'utf8');
    for (const servername of ['localhost', 'dev.test'])
      expect((await get(port, '/', { ca, servername })).text).toMatch(/hello$/);
    for (const address of ['127.0.0.1', '192.0.2.1']) {
      const isFor: string[] = [];
      const checkServerIdentity = (_host: string, { subjectaltname = '' }): undefined =>
        void isFor.push(subjectaltname);
      const { status } = await get(port, '/', { ca, checkServerIdentity, hostField: address });
      expect([status, isFor[0]]).toEqual([200, expect.stringContaining(`IP Address:${address}`)]);
    }
    expect((await get(port, '/', { ca, servername: 'localhost', hostField: 'evil.test' })).status).toBe(421);
    expect(texts.stderr.match(/until they trust the local authority: webserv trust/g)).toHaveLength(1);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
});
