import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../cli/afterwards.js';
import { folderWith, type Serving, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { childrenOf, masterOf, replaceWorker, responseOf } from './running.js';

const responses = (server: Serving) => expect.poll(() => responseOf(server).catch(() => 'nothing'));

describe.runIf(process.platform === 'linux')('a replacement worker', () => {
  const site = shared(async () => {
    const port = await freePort();
    const conf = (text: string): string =>
      `server { listen 127.0.0.1:${port}; include parts/*.conf; include one.conf; location /x { return 200 ${text}; } }`;
    const folder = await folderWith({
      'webserv.conf': conf('started'),
      'one.conf': 'server_name one;',
      'parts/a.conf': 'location / { return 200 part; }',
    });
    const file = join(folder, 'webserv.conf');
    return { folder, file, conf, server: await serving([file]) };
  });

  it('serves the previous configuration, even if the one on disk has become invalid', async () => {
    const { file, server } = site();
    await writeFile(file, 'server { oops');
    await replaceWorker(server);
    await responses(server).toBe('part');
    expect(server.stderr()).not.toContain('oops');
  });

  it('serves the configuration of the last reload, not that of the start', async () => {
    const { file, conf, server } = site();
    const x = { ...server, url: `${server.url}/x` };
    await responses(x).toBe('started');
    await writeFile(file, conf('reloaded'));
    server.child.kill('SIGHUP');
    await responses(x).toBe('reloaded');
    await writeFile(file, conf('later'));
    await replaceWorker(server);
    await responses(x).toBe('reloaded');
  });

  it('serves the previous configuration, even if its files are missing and a pattern would match another', async () => {
    const { folder, file, server } = site();
    await rm(file);
    await rm(join(folder, 'one.conf'));
    await writeFile(join(folder, 'parts/0.conf'), 'oops;');
    // The standby worker may have read the files before; the next one has not.
    for (let count = 0; count < 2; count += 1) await replaceWorker(server);
    await responses(server).toBe('part');
    expect(server.stderr()).not.toContain('oops');
  });

  it('gets the JSON that a program produced, as all workers do, without running it again', async () => {
    const port = await freePort();
    const folder = await folderWith({
      'webserv.config.mjs': `export default { workers: 2, server: { listen: '127.0.0.1:${port}', return: [200, String(process.pid)] } };`,
    });
    const file = join(folder, 'webserv.config.mjs');
    const server = await serving([file]);
    const seen = new Set<string>();
    const visit = async (): Promise<void> => {
      for (const response of await Promise.all(Array.from({ length: 40 }, () => responseOf(server)))) {
        seen.add(response);
      }
    };
    await visit();
    await writeFile(file, 'throw new Error("broken");');
    await expect.poll(() => childrenOf(masterOf(server))).toHaveLength(2);
    const before = await childrenOf(masterOf(server));
    for (const [index, worker] of before.entries()) {
      process.kill(worker, 'SIGKILL');
      await expect
        .poll(() => server.stderr().match(/serves as its replacement/g) ?? [])
        .toHaveLength(index + 1);
    }
    await visit();
    expect(seen.size).toBe(1);
  });
});
