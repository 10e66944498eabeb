import { once } from 'node:events';
import { chmod, copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../cli/in-process.js';
import { asRoot, folderWith, type Serving, serving, webserv } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { masterOf, replaceWorker, standbyOf } from '../process/running.js';
import { Certificates } from './certificates.js';
import { get, handshake, refusal, sessionOf } from './client.js';

let made: Certificates;
beforeAll(async () => {
  made = await Certificates.make();
  await made.server('first', ['a.test']);
  await made.server('second', ['a.test']);
});
afterAll(() => made.remove());

interface Site {
  readonly server: Serving;
  readonly port: number;
  readonly file: string;
  /** Writes a certificate over the one in use. */
  certificate(name: string): Promise<void>;
  key(name: string): Promise<void>;
  /** The common name of the certificate that a new connection gets. */
  served(): Promise<string>;
  log(): string;
}

async function site({ main = asRoot, workers = 2 } = {}): Promise<Site> {
  const port = await freePort();
  const folder = await folderWith({
    'webserv.conf': `${main} workers ${workers}; pid webserv.pid;
      server { listen 127.0.0.1:${port} ssl; server_name a.test; ssl_certificate a.pem; ssl_certificate_key a.key;
        return 200 "$ssl_session_reused"; }`,
  });
  const to = (name: string, file: string) => async (): Promise<void> => {
    await copyFile(made.path(name), join(folder, file));
    await chmod(join(folder, file), 0o600);
  };
  const certificate = (name: string) => to(`${name}.pem`, 'a.pem')();
  const key = (name: string) => to(`${name}.key`, 'a.key')();
  await certificate('first');
  await key('first');
  const file = join(folder, 'webserv.conf');
  const server = await serving([file]);
  const served = async () => (await get(port, '/', { servername: 'a.test' })).certificate;
  return { server, port, file, certificate, key, served, log: server.stderr };
}

async function talk(socket: TLSSocket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
  const [bytes] = await once(socket, 'data');
  return String(bytes).slice(0, 12);
}

describe('a certificate that is renewed', () => {
  it('is used for new connections by all workers, and open connections stay', async () => {
    const { port, certificate, key, served, log } = await site();
    const open = await handshake(port, { servername: 'a.test' });
    expect(await talk(open)).toBe('HTTP/1.1 200');
    await certificate('second');
    await key('second');
    await expect.poll(served).toBe('second');
    await expect
      .poll(async () => new Set(await Promise.all(Array.from({ length: 20 }, served))))
      .toEqual(new Set(['second']));
    expect(await talk(open)).toBe('HTTP/1.1 200');
    open.destroy();
    expect(log()).toContain('a.pem was renewed');
    expect(log()).not.toContain('[error]');
  });

  it('waits for its key, and is refused with one line if that does not come', async () => {
    const { server, certificate, served, log } = await site();
    await certificate('second');
    await expect.poll(log, { timeout: 60_000 }).toContain('cannot be used; the one before serves on');
    expect(await served()).toBe('first');
    // A reload does the same. The command would check the configuration first, and refuse.
    server.child.kill('SIGHUP');
    await expect.poll(log, { timeout: 60_000 }).toContain('reloaded: generation 2');
    expect(await served()).toBe('first');
    expect(log().match(/cannot be used/g)).toHaveLength(2);
    expect(server.child.exitCode).toBeNull();
  });

  it('is read by a server whose workers run as another user', async (context) => {
    if (process.getuid?.() !== 0) context.skip('only root can change the user');
    const { certificate, key, served } = await site({ main: 'user nobody;' });
    expect(await served()).toBe('first');
    await key('second');
    await certificate('second');
    await expect.poll(served).toBe('second');
  });
});

describe('a reload', () => {
  it('loses no handshake that has begun', async () => {
    const { port, log, server } = await site({ workers: 1 });
    const between = await freePort();
    const relayed = createServer((client) => {
      const upstream = connect(port, '127.0.0.1');
      upstream.on('error', () => client.destroy()).pipe(client);
      client
        .on('error', () => {})
        .once('data', (bytes: Buffer) => {
          client.pause();
          upstream.write(bytes.subarray(0, 100));
          relayed.once('release', () => {
            upstream.write(bytes.subarray(100));
            client.pipe(upstream);
          });
        });
    }).listen(between, '127.0.0.1');
    try {
      const response = get(between, '/', { servername: 'a.test' });
      await expect.poll(() => relayed.listenerCount('release')).toBe(1);
      // The worker has the first bytes.
      await sleep(200);
      server.child.kill('SIGHUP');
      await expect.poll(log).toContain('reloaded: generation 2');
      relayed.emit('release');
      expect((await response).status).toBe(200);
    } finally {
      relayed.close();
    }
  });
});

describe('a worker that replaces another one', () => {
  it('gets the certificates in use, though the files are gone, and rejects only where authorities are', async () => {
    const port = await freePort();
    const pair = 'ssl_certificate a.pem; ssl_certificate_key a.key;';
    const folder = await folderWith({
      'ca.pem': await made.read('second.pem'),
      'a.pem': await made.read('first.pem'),
      'a.key': await made.read('first.key'),
      'webserv.conf': `${asRoot} server { listen 127.0.0.1:${port} ssl; server_name a.test; ${pair} return 200 ok; }
        server { listen 127.0.0.1:${port} ssl; server_name b.test; ${pair} return 200 ok;
          ssl_verify_client on; ssl_client_certificate ca.pem; }`,
    });
    const server = await serving([join(folder, 'webserv.conf')]);
    const statusOf = async (servername: string) => (await get(port, '/', { servername })).status;
    expect([await statusOf('a.test'), await statusOf('b.test')]).toEqual([200, 400]);
    for (const file of ['ca.pem', 'a.pem', 'a.key']) await rm(join(folder, file));
    // The standby worker was set up before.
    await standbyOf(masterOf(server));
    await replaceWorker(server);
    await standbyOf(masterOf(server));
    await replaceWorker(server);
    expect(await statusOf('a.test')).toBe(200);
    expect(await refusal(port, { servername: 'b.test' })).toMatch(/UNRECOGNIZED_NAME/);
    expect(server.stderr()).toContain('ca.pem does not exist');
  });
});

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a session of %s', (maxVersion) => {
  it('is resumed by every worker, and after a reload', async () => {
    const { port, file, log } = await site();
    const session = await sessionOf(port, { servername: 'a.test', maxVersion });
    const resumed = async () =>
      (await get(port, '/', { servername: 'a.test', maxVersion, session })).text.endsWith('\r\n\r\nr');
    const many = () => Promise.all(Array.from({ length: 12 }, resumed));
    expect(new Set(await many())).toEqual(new Set([true]));
    expect((await command(['-s', 'reload', file])).code).toBe(0);
    await expect.poll(log).toContain('reloaded: generation 2');
    expect(new Set(await many())).toEqual(new Set([true]));
  });
});

describe('ssl_certificate internal', () => {
  it('is made by a local authority that is kept', async () => {
    const port = await freePort();
    const folder = await folderWith({
      'webserv.conf': `${asRoot} state_dir state;
        server { listen 127.0.0.1:${port} ssl; server_name dev.test; ssl_certificate internal; return 200 ok; }`,
    });
    const file = join(folder, 'webserv.conf');
    const check = await command(['--test', file]);
    expect(check.code).toBe(0);
    await expect(readFile(join(folder, 'state/authority/1/certificate.pem'))).rejects.toThrow('ENOENT');
    const first = await serving([file]);
    const ca = await readFile(join(folder, 'state/authority/1/certificate.pem'), 'utf8');
    for (const servername of ['dev.test', '127.0.0.1']) {
      const options = servername === 'dev.test' ? { servername } : {};
      expect((await get(port, '/', { ...options, ca, host: '127.0.0.1' })).status).toBe(200);
    }
    first.child.kill('SIGTERM');
    await once(first.child, 'exit');
    await serving([file]);
    expect((await get(port, '/', { servername: 'dev.test', ca })).status).toBe(200);
  });
});

describe('keys that cannot be used', () => {
  const KEY = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';

  it.each([
    [
      'a key that does not fit',
      { key: 'second.key' },
      'error[certificate-key]',
      'does not fit the certificate',
    ],
    ['no certificate', { certificate: 'rubbish' }, 'error[certificate]', 'has no certificate'],
    ['no key', { key: 'rubbish' }, 'error[certificate-key]', 'has no private key'],
    ['a damaged key', { key: 'damaged' }, 'error[certificate-key]', 'has no private key'],
    ['a file that does not exist', { certificate: 'nowhere.pem' }, 'error[certificate]', 'does not exist'],
    ['a directory', { key: '.' }, 'error[certificate-key]', 'is not a file'],
    ['an encrypted key', { key: 'locked.key' }, 'error[certificate-key]', 'is encrypted'],
  ])('%s is one error, at a check and at a start', async (_what, files, code, message) => {
    await writeFile(made.path('rubbish'), 'rubbish');
    await writeFile(made.path('damaged'), KEY);
    await writeFile(made.path('locked.key'), KEY.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE'));
    const { certificate = 'first.pem', key = 'first.key' }: { certificate?: string; key?: string } = files;
    const folder = await folderWith({
      'webserv.conf': `${asRoot} server { listen 127.0.0.1:${await freePort()} ssl; server_name a.test;
        ssl_certificate ${made.path(certificate)}; ssl_certificate_key ${made.path(key)}; return 200 ok; }`,
    });
    const file = join(folder, 'webserv.conf');
    for (const ended of [await command(['--test', file]), await webserv([file])]) {
      const { code: exit, stderr, stdout } = ended;
      const text = stdout + stderr;
      expect(exit).toBe(1);
      expect(text).toContain(code);
      expect(text).toContain(message);
      expect(text.match(/error\[/g)).toHaveLength(1);
      expect(text).not.toContain('AAAA');
    }
  });

  it('of which several servers inherit one are still one error', async () => {
    const [port, other] = [await freePort(), await freePort()];
    const folder = await folderWith({
      'webserv.conf': `${asRoot} ssl_certificate ${made.path('nowhere.pem')}; ssl_certificate_key ${made.path('first.key')};
        server { listen 127.0.0.1:${port} ssl; server_name a.test; return 200 ok; }
        server { listen 127.0.0.1:${other} ssl; server_name b.test; return 200 ok; }`,
    });
    const { code, stderr } = await command(['--test', join(folder, 'webserv.conf')]);
    expect(code).toBe(1);
    expect(stderr.match(/error\[/g)).toHaveLength(1);
  });
});

describe.runIf(process.getuid?.() === 0)('files that only root can read', () => {
  it.each([
    ['the key', 'a.key', 'error[certificate-key]', 'warning[certificate-key]'],
    ['the authorities of clients', 'ca.pem', 'error[client-authority]', 'warning[client-authority]'],
  ])('%s: a warning at a check by another user, an error at a start', async (_what, file, error, warning) => {
    const folder = await folderWith({
      'ca.pem': await made.read('second.pem'),
      'a.pem': await made.read('first.pem'),
      'a.key': await made.read('first.key'),
      'webserv.conf': `server { listen 127.0.0.1:${await freePort()} ssl; server_name a.test;
        ssl_certificate a.pem; ssl_certificate_key a.key; ssl_verify_client on; ssl_client_certificate ca.pem; return 200; }`,
    });
    await chmod(folder, 0o755);
    await chmod(join(folder, 'a.key'), 0o644);
    await chmod(join(folder, file), 0o600);
    const conf = join(folder, 'webserv.conf');
    const through = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const check = await webserv(['--test', conf], { through });
    expect(check.stderr).toContain(warning);
    expect(check.code).toBe(0);
    const start = await webserv([conf], { through });
    expect(start.stderr).toContain(error);
    expect(start.code).toBe(1);
    expect((await command(['--test', conf])).stderr).not.toContain(error);
  });
});
