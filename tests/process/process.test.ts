import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../cli/afterwards.js';
import { command } from '../cli/in-process.js';
import { asRoot, folderWith, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import {
  childrenOf,
  configuration,
  masterOf,
  type Running,
  responseOf,
  running,
  standbyOf,
} from './running.js';

/** Sends a request and waits until it has arrived; it waits for its body. */
async function openRequest(port: number) {
  const socket = connect({ host: '127.0.0.1', port });
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
  await expect.poll(() => received).toContain('100 Continue');
  return { socket, received: () => received };
}

/** A story: one server, which loses a worker, is reloaded, rejects reloads, and is stopped. */
describe.runIf(process.platform === 'linux')('a server with two workers', () => {
  const site = shared(() => running('one', { workers: 2 }));

  it('keeps its pid file', async () => {
    const { folder, server } = site();
    expect(Number(await readFile(join(folder, 'webserv.pid'), 'utf8'))).toBe(masterOf(server));
  });

  it('runs the configured number of workers, and replaces one that is killed', async () => {
    const { server } = site();
    const master = masterOf(server);
    await expect.poll(() => childrenOf(master)).toHaveLength(2);
    const [worker = 0] = await childrenOf(master);
    process.kill(worker, 'SIGKILL');
    expect(await responseOf(server)).toBe('one');
    await expect.poll(() => childrenOf(master)).not.toContain(worker);
    await expect.poll(async () => (await childrenOf(master)).length).toBe(2);
    expect(await responseOf(server)).toBe('one');
  });

  it('is reloaded by -s: new workers serve the new configuration, and no connection is refused meanwhile', async () => {
    const { file, port, server } = site();
    const before = await childrenOf(masterOf(server));
    await writeFile(file, configuration('two', port, { workers: 2 }));
    const seen = new Set([await responseOf(server)]);
    expect((await command(['-s', 'reload', file])).code).toBe(0);
    await expect
      .poll(
        async () => {
          // expect.poll retries when the function throws.
          const response = await responseOf(server).catch(() => 'refused');
          seen.add(response);
          return response;
        },
        { interval: 20 },
      )
      .toBe('two');
    expect([...seen].sort()).toEqual(['one', 'two']);
    await expect
      .poll(async () => (await childrenOf(masterOf(server))).filter((pid) => before.includes(pid)))
      .toEqual([]);
  });

  const rejectedByReload = async (conf: string): Promise<string> => {
    const { file, server } = site();
    await writeFile(file, conf);
    const { code, stderr } = await command(['-s', 'reload', file]);
    expect(code).toBe(1);
    expect(await responseOf(server)).toBe('two');
    return stderr;
  };

  it('rejects an invalid configuration by -s reload with the errors that a plugin finds', async () => {
    const { port } = site();
    const stderr = await rejectedByReload(
      `${configuration('three', port)}\nserver { listen ${port}; server_name u; upload on; }`,
    );
    expect(stderr).toContain('error[upload-store]');
  });

  it('rejects an invalid configuration by a reload with its errors, and changes nothing', async () => {
    const { port, server } = site();
    const stderr = await rejectedByReload(configuration('three; oops', port));
    expect(stderr).toContain('unknown directive "oops"');
    server.child.kill('SIGHUP');
    await expect
      .poll(() => server.stderr())
      .toMatch(/not reloaded; the server keeps its previous configuration[\s\S]*unknown directive "oops"/);
    expect(await responseOf(server)).toBe('two');
  });

  it('is ended by -s stop despite an invalid configuration, after its open requests, with exit code 0', async () => {
    const { folder, file, port, server } = site();
    const { socket, received } = await openRequest(port);
    const { code, stderr } = await command(['-s', 'stop', file]);
    expect([code, stderr]).toEqual([0, '']);
    // The workers have closed their listening sockets, too.
    await expect.poll(() => responseOf(server).catch(() => 'refused')).toBe('refused');
    expect(server.child.exitCode).toBeNull();
    socket.write('1234');
    await expect.poll(() => server.child.exitCode).toBe(0);
    await expect.poll(received).toMatch(/\r\n\r\nHTTP\/1\.1 200 [\s\S]*Connection: close[\s\S]*two$/);
    await expect(readFile(join(folder, 'webserv.pid'))).rejects.toThrow('ENOENT');
  });
});

/** Its setup or apply throws while a file of that name exists. */
const OWN_PLUGIN = `
import { existsSync } from 'node:fs';
import { definePlugin } from '@webserv/server';
const fail = (step) => { if (existsSync(new URL(step, import.meta.url))) throw new Error('no database today'); };
export default definePlugin({
  name: 'own',
  directives: {},
  setup() { fail('setup'); return {}; },
  apply() { fail('apply'); },
});
`;

describe.runIf(process.platform === 'linux')('-s to a server with a plugin and a log', () => {
  const site = shared(async (): Promise<Running> => {
    const port = await freePort();
    const folder = await folderWith({
      'webserv.conf': `${asRoot}load_plugin ./own.mjs; error_log error.log;\n${configuration('one', port)}`,
      'own.mjs': OWN_PLUGIN,
    });
    const file = join(folder, 'webserv.conf');
    return { folder, file, port, server: await serving([file]) };
  });

  it('reopen reopens the log', async () => {
    const { folder, file, server } = site();
    const log = join(folder, 'error.log');
    await expect.poll(() => existsSync(log)).toBe(true);
    await rename(log, `${log}.1`);
    expect((await command(['-s', 'reopen', file])).code).toBe(0);
    await expect.poll(() => readFile(log, 'utf8').catch(() => undefined)).toBe('');
    expect(await responseOf(server)).toBe('one');
  });

  it.each(['setup', 'apply'])('reload is already rejected when the plugin throws in %s', async (step) => {
    const { folder, file, server } = site();
    // A standby worker started later would already report the plugin's error.
    await standbyOf(masterOf(server));
    await writeFile(join(folder, step), '');
    const { code, stderr } = await command(['-s', 'reload', file]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('no database today')]);
    expect(server.stderr() + (await readFile(join(folder, 'error.log'), 'utf8'))).toBe('');
  });

  it('quit ends the server, with exit code 0', async () => {
    const { file, server } = site();
    expect((await command(['-s', 'quit', file])).code).toBe(0);
    await expect.poll(() => server.child.exitCode).toBe(0);
  });
});

describe('-s', () => {
  it('reports a missing server, a missing pid directive and an unknown word, with different exit codes', async () => {
    const folder = await folderWith({
      'without.conf': 'server { listen 127.0.0.1:0; return 204; }',
      'with.conf': 'pid webserv.pid; server { listen 127.0.0.1:0; return 204; }',
    });
    const without = await command(['-s', 'stop', join(folder, 'without.conf')]);
    expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('no pid directive')]);
    const none = await command(['-s', 'stop', join(folder, 'with.conf')]);
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('no server')]);
    await writeFile(join(folder, 'webserv.pid'), '999999999\n');
    const gone = await command(['-s', 'stop', join(folder, 'with.conf')]);
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('has ended')]);
    const odd = await command(['-s', 'halt', join(folder, 'with.conf')]);
    expect([odd.code, odd.stderr]).toEqual([2, expect.stringContaining('reload|stop|quit|reopen')]);
  });
});
