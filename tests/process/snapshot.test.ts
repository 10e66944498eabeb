import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../cli/afterwards.js';
import { folderWith, type Serving, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { childrenOf, masterOf, replaceWorker, responseOf } from './running.js';

/** Counts the threads that its process starts: the next plugin is compiled in one. */
const COUNTING = `import { definePlugin, flag } from '@webserv/server';
  globalThis.threads = 0;
  process.on('worker', () => { globalThis.threads += 1; });
  export default definePlugin({
    name: 'counting',
    directives: { counting: flag({ default: false, help: 'counts', example: 'counting on;' }) },
  });`;

/** Responds with a word, and with the number of threads that were started to compile it. */
const compiled = (word: string): string => `import { definePlugin, flag, Stage } from '@webserv/server';
  const word: string = '${word}';
  const threads = (): unknown => Reflect.get(globalThis, 'threads');
  export default definePlugin({
    name: 'compiled',
    directives: { compiled: flag({ default: false, help: 'responds', example: 'compiled on;' }) },
    apply({ options, hooks }) {
      if (options.compiled)
        hooks.onRoute.tap({ stage: Stage.handler }, () => ({ status: 200, headers: {}, body: word + ' ' + threads() }));
    },
  });`;

const responses = (server: Serving) => expect.poll(() => responseOf(server).catch(() => 'nothing'));

describe.runIf(process.platform === 'linux')('a replacement worker', () => {
  const site = shared(async () => {
    const port = await freePort();
    const conf = (text: string): string =>
      `load_plugin ./counting.mjs; load_plugin ./compiled.ts;
      server { listen 127.0.0.1:${port}; include parts/*.conf; include one.conf; location /x { return 200 ${text}; }
        location /compiled { compiled on; } }`;
    const folder = await folderWith({
      'webserv.conf': conf('started'),
      'one.conf': 'server_name one;',
      'parts/a.conf': 'location / { return 200 part; }',
      'counting.mjs': COUNTING,
      'compiled.ts': compiled('once'),
    });
    const file = join(folder, 'webserv.conf');
    const server = await serving([file]);
    const url = { ...server, url: `${server.url}/compiled` };
    return { folder, file, conf, server, compiles: (text: string) => responses(url).toBe(text) };
  });

  it('serves the previous configuration, even if the one on disk has become invalid', async () => {
    const { file, server, compiles } = site();
    await compiles('once 1');
    await writeFile(file, 'server { oops');
    await replaceWorker(server);
    await responses(server).toBe('part');
    expect(server.stderr()).not.toContain('oops');
    // The first worker has compiled the plugin for this one.
    await compiles('once 0');
  });

  it('serves the configuration of the last reload, not that of the start', async () => {
    const { file, conf, server, compiles } = site();
    const x = { ...server, url: `${server.url}/x` };
    await responses(x).toBe('started');
    await writeFile(file, conf('reloaded'));
    server.child.kill('SIGHUP');
    await responses(x).toBe('reloaded');
    // A reload does not compile what has not changed.
    await compiles('once 0');
    await writeFile(file, conf('later'));
    await replaceWorker(server);
    await responses(x).toBe('reloaded');
  });

  it('serves the previous configuration, even if its files are missing and a pattern would match another', async () => {
    const { folder, file, server, compiles } = site();
    await rm(file);
    await rm(join(folder, 'one.conf'));
    await writeFile(join(folder, 'parts/0.conf'), 'oops;');
    await writeFile(join(folder, 'compiled.ts'), compiled('changed'));
    // The standby worker may have read the files before; the next one has not.
    for (let count = 0; count < 2; count += 1) await replaceWorker(server);
    await responses(server).toBe('part');
    expect(server.stderr()).not.toContain('oops');
    // The source of plugins is not in the snapshot.
    await compiles('changed 1');
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
