import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asRoot, folderWith, serving, webserv } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { answerOf, childrenOf, configuration, isAlive, patience, running, standbyOf } from './running.js';

const OWN_PLUGIN = `
import { definePlugin } from '@webserv/server';
export default definePlugin({ name: 'own', directives: {}, setup() { return {}; }, apply() {} });
`;

describe.runIf(process.platform === 'linux')('the master', () => {
  it('keeps its pid file, and deletes it when it stops', async () => {
    const { folder, server } = await running('one');
    const pidFile = join(folder, 'webserv.pid');
    expect(Number(await readFile(pidFile, 'utf8'))).toBe(server.child.pid);
    expect((await server.stop()).code).toBe(0);
    await expect(readFile(pidFile)).rejects.toThrow('ENOENT');
  });

  it('runs the configured number of workers, and replaces one that is killed', async () => {
    const { server } = await running('one');
    const pid = server.child.pid ?? 0;
    const workers = await childrenOf(pid);
    expect(workers).toHaveLength(2);
    process.kill(workers[0] ?? 0, 'SIGKILL');
    expect(await answerOf(server)).toBe('one');
    await expect.poll(() => childrenOf(pid), patience).not.toContain(workers[0]);
    await expect.poll(async () => (await childrenOf(pid)).length, patience).toBe(2);
    expect(await answerOf(server)).toBe('one');
  });

  it('leaves no worker behind when it is killed itself', async () => {
    const { server } = await running('one');
    const workers = await childrenOf(server.child.pid ?? 0);
    server.child.kill('SIGKILL');
    await expect.poll(() => workers.filter(isAlive), patience).toEqual([]);
  });

  it('finishes open requests when it is asked to stop', async () => {
    const { server, port } = await running('done');
    const socket = connect({ host: '127.0.0.1', port });
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
    });
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
    // The request waits for its body.
    await expect.poll(() => received, patience).toContain('100 Continue');
    const stopped = server.stop();
    // The worker has closed its listening socket, too.
    await expect.poll(() => answerOf(server).catch(() => 'refused'), patience).toBe('refused');
    socket.write('1234');
    expect((await stopped).code).toBe(0);
    expect(received).toMatch(/\r\n\r\nHTTP\/1\.1 200 [\s\S]*Connection: close[\s\S]*done$/);
  });
});

describe.runIf(process.platform === 'linux')('a reload', () => {
  it('by -s serves the new configuration from new workers, without refusing a connection meanwhile', async () => {
    const { file, port, server } = await running('one');
    const before = await childrenOf(server.child.pid ?? 0);
    await writeFile(file, configuration('two', port));
    const seen = new Set([await answerOf(server)]);
    expect((await webserv(['-s', 'reload', file])).code).toBe(0);
    await expect
      .poll(
        async () => {
          // expect.poll retries when the function throws.
          const answer = await answerOf(server).catch(() => 'refused');
          seen.add(answer);
          return answer;
        },
        { ...patience, interval: 5 },
      )
      .toBe('two');
    expect([...seen].sort()).toEqual(['one', 'two']);
    await expect
      .poll(
        async () => (await childrenOf(server.child.pid ?? 0)).filter((pid) => before.includes(pid)),
        patience,
      )
      .toEqual([]);
  });

  it('of an invalid configuration is rejected with its errors, and changes nothing', async () => {
    const { file, port, server } = await running('one');
    await writeFile(file, configuration('two; oops', port));
    const told = await webserv(['-s', 'reload', file]);
    expect(told.code).toBe(1);
    expect(told.stderr).toContain('unknown directive "oops"');
    server.child.kill('SIGHUP');
    await expect
      .poll(() => server.stderr(), patience)
      .toContain('not reloaded; the server keeps its previous configuration');
    expect(await answerOf(server)).toBe('one');
    expect((await server.stop()).code).toBe(0);
  });

  it.each(['setup', 'apply'])('of a plugin that throws in %s is already rejected by -s', async (step) => {
    const folder = await folderWith({
      'webserv.conf': `${asRoot}load_plugin ./own.mjs;\n${configuration('one')}`,
      'own.mjs': OWN_PLUGIN,
    });
    const file = join(folder, 'webserv.conf');
    const server = await serving([file]);
    // A standby worker started later would already report the plugin's error.
    await standbyOf(server.child.pid ?? 0);
    await writeFile(
      join(folder, 'own.mjs'),
      OWN_PLUGIN.replace(`${step}() {`, `${step}() { throw new Error('no database today');`),
    );
    const told = await webserv(['-s', 'reload', file]);
    expect([told.code, told.stderr]).toEqual([1, expect.stringContaining('no database today')]);
    expect(server.stderr()).toBe('');
    expect((await webserv(['-s', 'stop', file])).code).toBe(0);
  });

  it('happens automatically with --watch, when the configuration or a file it includes changes', async () => {
    const folder = await folderWith({
      'webserv.conf': 'server { listen 127.0.0.1:0; include part.conf; }',
      'part.conf': 'return 200 first;',
    });
    const file = join(folder, 'webserv.conf');
    const watching = await serving(['--watch', file]);
    expect(await answerOf(watching)).toBe('first');
    await writeFile(join(folder, 'part.conf'), 'return 200 second;');
    await expect.poll(() => answerOf(watching).catch(() => ''), patience).toBe('second');
  });
});

describe('--watch', () => {
  it('notices a new file that a pattern matches, a module that a plugin imports, and a correction in a new file', async () => {
    const folder = await folderWith({
      'webserv.conf': `
        load_plugin ./plugins/hello.ts;
        server { listen 127.0.0.1:${await freePort()}; hello on; include parts/*.conf; }`,
      'plugins/word.ts': `export const word = 'first';`,
      'plugins/hello.ts': `
        import { definePlugin, flag, Stage } from '@webserv/server';
        import { word } from './word.js';
        const hello = flag({ default: false, help: 'says a word' });
        export default definePlugin({
          name: 'hello',
          directives: { hello },
          apply: ({ options, hooks }) => {
            if (options.hello) hooks.onRoute.tap({ stage: Stage.content }, () => ({ status: 200, body: word }));
          },
        });`,
      'parts/.keep': '',
    });
    const watching = await serving(['--watch', join(folder, 'webserv.conf')]);
    const answer = (path: string) => async () =>
      fetch(watching.url + path).then((found) => found.text(), String);
    expect(await answer('/')()).toBe('first');
    await writeFile(join(folder, 'plugins/word.ts'), `export const word = 'second';`);
    await expect.poll(answer('/'), patience).toBe('second');
    await writeFile(join(folder, 'parts/a.conf'), 'location /a { return 200 added; oops; }');
    await expect.poll(() => watching.stderr(), patience).toContain('unknown directive "oops"');
    await writeFile(join(folder, 'parts/a.conf'), 'location /a { return 200 added; }');
    await expect.poll(answer('/a'), patience).toBe('added');
    await rm(join(folder, 'parts/a.conf'));
    await expect.poll(answer('/a'), patience).toBe('second');
    // A pattern has a directory to watch. A file that is named in full is watched once it was read, even though it was
    // rejected.
    const main = join(folder, 'webserv.conf');
    await writeFile(join(folder, 'other.inc'), 'oops;');
    await writeFile(
      main,
      (await readFile(main, 'utf8')).replace('hello on;', 'hello on; include other.inc;'),
    );
    await expect.poll(() => watching.stderr(), patience).toContain('other.inc:1:1');
    await writeFile(join(folder, 'other.inc'), 'location /b { return 200 mended; }');
    await expect.poll(answer('/b'), patience).toBe('mended');
  });
});

describe('-s', () => {
  it.each(['stop', 'quit'])('%s ends the server, with exit code 0', async (word) => {
    const { file, server } = await running('one');
    expect((await webserv(['-s', word, file])).code).toBe(0);
    await expect.poll(() => server.child.exitCode, patience).toBe(0);
  });

  it('stop ends a server whose configuration has become invalid since', async () => {
    const { file, port, server } = await running('one');
    await writeFile(file, configuration('two; oops', port));
    const { code, stderr } = await webserv(['-s', 'stop', file]);
    expect([code, stderr]).toEqual([0, '']);
    await expect.poll(() => server.child.exitCode, patience).toBe(0);
  });

  it('reload is also rejected for errors that only a plugin finds', async () => {
    const { file, port, server } = await running('one');
    await writeFile(
      file,
      `${configuration('two', port)}\nserver { listen ${port}; server_name u; upload on; }`,
    );
    const told = await webserv(['-s', 'reload', file]);
    expect([told.code, told.stderr]).toEqual([1, expect.stringContaining('error[upload-store]')]);
    expect(await answerOf(server)).toBe('one');
  });

  it('reopen reopens the log', async () => {
    const folder = await folderWith({ 'webserv.conf': `error_log error.log;\n${configuration('one')}` });
    const file = join(folder, 'webserv.conf');
    const logging = await serving([file]);
    const log = join(folder, 'error.log');
    await expect.poll(() => existsSync(log), patience).toBe(true);
    await rename(log, `${log}.1`);
    expect((await webserv(['-s', 'reopen', file])).code).toBe(0);
    await expect.poll(() => readFile(log, 'utf8').catch(() => undefined), patience).toBe('');
    expect(await answerOf(logging)).toBe('one');
  });

  it('reports a missing server, a missing pid directive and an unknown word, with different exit codes', async () => {
    const folder = await folderWith({
      'without.conf': 'server { listen 127.0.0.1:0; return 204; }',
      'with.conf': 'pid webserv.pid; server { listen 127.0.0.1:0; return 204; }',
    });
    const without = await webserv(['-s', 'stop', join(folder, 'without.conf')]);
    expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('no pid directive')]);
    const none = await webserv(['-s', 'stop', join(folder, 'with.conf')]);
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('no server')]);
    await writeFile(join(folder, 'webserv.pid'), '999999999\n');
    const gone = await webserv(['-s', 'stop', join(folder, 'with.conf')]);
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('has ended')]);
    const odd = await webserv(['-s', 'halt', join(folder, 'with.conf')]);
    expect([odd.code, odd.stderr]).toEqual([2, expect.stringContaining('reload|stop|quit|reopen')]);
  });
});
