import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith, type Serving, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { answerOf, childrenOf, patience } from './running.js';

/** Kills one worker after the other, each after the previous one was replaced. */
async function replaceWorkers(server: Serving): Promise<void> {
  const master = server.child.pid ?? 0;
  const before = await childrenOf(master);
  let replaced = 0;
  for (const worker of before) {
    process.kill(worker, 'SIGKILL');
    replaced += 1;
    await expect
      .poll(() => server.stderr().match(/serves as its replacement/g) ?? [], patience)
      .toHaveLength(replaced);
  }
}

const answers = (server: Serving) =>
  expect.poll(() => answerOf(server).catch(() => 'nothing'), { ...patience, interval: 50 });

describe.runIf(process.platform === 'linux')('a replacement worker', () => {
  it('serves the previous configuration, even if the one on disk has become invalid', async () => {
    const listen = `listen 127.0.0.1:${await freePort()}`;
    const folder = await folderWith({ 'webserv.conf': `server { ${listen}; return 200 good; }` });
    const server = await serving([join(folder, 'webserv.conf')]);
    await writeFile(join(folder, 'webserv.conf'), 'server { oops');
    await replaceWorkers(server);
    await answers(server).toBe('good');
    expect(server.stderr()).not.toContain('oops');
  });

  it('serves the previous configuration, even if its files are missing and a pattern would match another', async () => {
    const folder = await folderWith({
      'webserv.conf': `server { listen 127.0.0.1:${await freePort()}; include parts/*.conf; include one.conf; }`,
      'one.conf': 'server_name one;',
      'parts/a.conf': 'return 200 part;',
    });
    const server = await serving([join(folder, 'webserv.conf')]);
    await rm(join(folder, 'webserv.conf'));
    await rm(join(folder, 'one.conf'));
    await writeFile(join(folder, 'parts/0.conf'), 'oops;');
    await replaceWorkers(server);
    await answers(server).toBe('part');
  });

  it('serves the configuration of the last reload, not that of the start', async () => {
    const port = await freePort();
    const conf = (text: string): string => `server { listen 127.0.0.1:${port}; return 200 ${text}; }`;
    const folder = await folderWith({ 'webserv.conf': conf('started') });
    const file = join(folder, 'webserv.conf');
    const server = await serving([file]);
    await writeFile(file, conf('reloaded'));
    server.child.kill('SIGHUP');
    await answers(server).toBe('reloaded');
    await expect.poll(() => childrenOf(server.child.pid ?? 0), patience).toHaveLength(1);
    await writeFile(file, conf('later'));
    await replaceWorkers(server);
    await answers(server).toBe('reloaded');
  });

  it('gets the JSON that a program produced, as all workers do, without running it again', async () => {
    const port = await freePort();
    const folder = await folderWith({
      'webserv.config.mjs': `export default { workers: 2, server: { listen: '127.0.0.1:${port}', return: [200, String(process.pid)] } };`,
    });
    const file = join(folder, 'webserv.config.mjs');
    const server = await serving([file]);
    const seen = new Set<string>();
    const ask = async (): Promise<void> => {
      for (const answer of await Promise.all(Array.from({ length: 40 }, () => answerOf(server)))) {
        seen.add(answer);
      }
    };
    await ask();
    await writeFile(file, 'throw new Error("broken");');
    await replaceWorkers(server);
    await ask();
    expect(seen.size).toBe(1);
  });
});
