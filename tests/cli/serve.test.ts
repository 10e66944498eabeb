import { get } from 'node:http';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { directoryConfiguration } from '../../src/cli/run/serve.js';
import { startTestServer, type TestServer } from '../../src/testing/index.js';
import { shared } from './afterwards.js';
import { command } from './in-process.js';
import { folderWith, serving, webserv } from './webserv.js';

type Flags = Parameters<typeof directoryConfiguration>[0];

/** The configuration for a directory, and what is said on stderr. */
function configured(directory: string, flags: Flags): { readonly text: string; readonly said: string } {
  let said = '';
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
  const text = directoryConfiguration(flags, directory);
  stderr.mockRestore();
  return { text, said };
}

/** Serves a directory in the test's process. */
async function servedHere(
  directory: string,
  flags: Flags,
): Promise<{ readonly server: TestServer; readonly said: string }> {
  const { text, said } = configured(directory, { port: '0', ...flags });
  const server = await startTestServer(text);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { server, said };
}

describe('one process of webserv serve', () => {
  const running = shared(async () => {
    const cwd = await folderWith({ 'a;b {c}/index.html': 'hello', 'a;b {c}/x.txt': 'text' });
    const names = ['--host', 'Dev.test', '--host', '*.example.org'];
    return { cwd, server: await serving(['serve', 'a;b {c}', '--port', '0', ...names], { cwd }) };
  });

  it('serves a directory without a configuration, to this machine', async () => {
    const { server } = running();
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect(await (await fetch(server.url)).text()).toBe('hello');
    expect(await (await fetch(`${server.url}/x.txt`)).text()).toBe('text');
  });

  it('accepts loopback names only, and those of --host', async () => {
    const { server } = running();
    const statusFor = (Host: string): Promise<number> =>
      new Promise((resolve, reject) => {
        get(server.url, { headers: { Host } }, (response) => resolve(response.resume().statusCode ?? 0)).on(
          'error',
          reject,
        );
      });
    for (const host of ['localhost', 'a.localhost:99', '127.1.2.3', '[::1]:1', 'dev.test', 'a.example.org'])
      expect([host, await statusFor(host)]).toEqual([host, 200]);
    for (const host of ['evil.example', 'localhost.evil.example', '192.168.0.1', 'a.dev.test'])
      expect([host, await statusFor(host)]).toEqual([host, 421]);
  });

  it('serves until it is stopped', async () => {
    const { cwd, server } = running();
    const { code, stdout, stderr } = await server.stop();
    expect(code).toBe(0);
    expect(stdout).toContain(`webserv serves ${cwd}/a;b {c} at`);
    expect(stderr).not.toContain('index.html');
  });
});

describe('webserv serve', () => {
  it('lists directories and accepts uploads only with the flags', async () => {
    const cwd = await folderWith({ 'a.txt': 'a' });
    const plain = await servedHere(cwd, {});
    expect((await plain.server.fetch('/')).status).toBe(404);
    expect((await plain.server.fetch('/b.txt', { method: 'PUT', body: 'b' })).status).toBe(405);
    expect(plain.said).toContain('use --listing to list the files');

    const open = await servedHere(cwd, { listing: true, upload: true });
    expect((await open.server.fetch('/b.txt', { method: 'PUT', body: 'b' })).status).toBe(201);
    expect(await (await open.server.fetch('/')).text()).toContain('b.txt');
    expect(open.said).not.toContain('--listing');
  });

  it('accepts an address with the port, as listen does', async () => {
    const { server } = await servedHere(await folderWith({ 'index.html': 'hello' }), { port: '[::1]:0' });
    expect(await (await fetch(`http://[::1]:${server.port}/`)).text()).toBe('hello');
  });

  it('accepts any name on other addresses, and refuses to accept what is no name', async () => {
    const cwd = await folderWith({ 'index.html': 'hello' });
    const all = await servedHere(cwd, { port: '0.0.0.0:0' });
    expect((await all.server.fetch('/')).status).toBe(200);
    expect(await all.server.raw('GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n')).toContain('200 OK');
    const { code, stderr } = await command(['serve', '--host', 'a b'], { cwd });
    expect([code, stderr]).toEqual([2, expect.stringContaining('--host: expected a host name')]);
  });

  it('serves by TLS with --https, on a port of its own, and says how browsers trust it', async () => {
    const cwd = await folderWith({ 'index.html': 'hello' });
    const plain = configured(cwd, {});
    expect([plain.text, plain.said]).not.toContainEqual(expect.stringMatching(/ssl|8443|trust/));

    const local = configured(cwd, { https: true });
    expect(local.text).toContain('listen 127.0.0.1:8443 ssl;');
    expect(local.text).toContain('server_name localhost 127.0.0.1 [::1];');
    expect(local.text).toContain('ssl_certificate internal;');
    expect(local.text).toContain('allow_hosts loopback;');
    expect(local.said.match(/webserv trust/g)).toHaveLength(1);
    expect(local.said).not.toContain('--host');
    expect(configured(cwd, { https: true, port: '8080' }).text).toContain('listen 127.0.0.1:8080 ssl;');
  });

  it('makes the certificate of --https for the names of --host, and says when it is not for other machines', async () => {
    const cwd = await folderWith({ 'index.html': 'hello' });
    const all = configured(cwd, { https: true, port: '0.0.0.0:8443' });
    expect(all.said).toContain('for localhost, 127.0.0.1, [::1] only');
    const named = configured(cwd, { https: true, port: '0.0.0.0:8443', host: ['dev.test', '192.168.1.5'] });
    expect(named.text).toContain('server_name localhost 127.0.0.1 [::1] dev.test 192.168.1.5;');
    expect(named.said).not.toContain('only');
  });

  it('reports the port that is in use, and is exit 1', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    const { code, stderr } = await webserv(['serve', '--port', port], { cwd: await folderWith() });
    expect(code).toBe(1);
    expect(stderr).toContain(`cannot listen on 127.0.0.1:${port}: the address is in use`);
    holder.close();
  });
});
