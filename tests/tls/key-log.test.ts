import { chmod, link, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asRoot, folderWith, start } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { Certificates } from './certificates.js';

let made: Certificates;
beforeAll(async () => {
  made = await Certificates.make();
  await made.server('a', ['a.test', 'localhost']);
});
afterAll(() => made.remove());

const configuration = (port: number): string =>
  `${asRoot} server { listen 127.0.0.1:${port} ssl; return 200;
     ssl_certificate ${made.path('a.pem')}; ssl_certificate_key ${made.path('a.key')}; }`;

/** Serves in a directory, with the name of a key log in it, while `look` runs. Returns what the server said. */
async function serve(
  cwd: string,
  file: string | undefined,
  look: (port: number) => Promise<void>,
  configure = configuration,
): Promise<string> {
  const port = await freePort();
  await writeFile(join(cwd, 'webserv.conf'), configure(port));
  const environment = file === undefined ? {} : { SSLKEYLOGFILE: join(cwd, file) };
  const { child, texts, ended } = start([], { cwd, environment });
  try {
    await expect.poll(() => texts.stdout).toContain(String(port));
    await look(port);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
  return texts.stderr;
}

/** The client's own key log of a handshake. */
async function clientKeys(port: number, maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<readonly string[]> {
  const lines: string[] = [];
  const options = { maxVersion, minVersion: maxVersion };
  const own = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  own.on('keylog', (line: Buffer) => lines.push(line.toString().trimEnd()));
  await new Promise((resolve) => own.once('secureConnect', resolve));
  own.end('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await new Promise((resolve) => own.resume().once('close', resolve));
  return lines;
}

describe('SSLKEYLOGFILE', () => {
  it('gets the secrets of each connection, which are those of the client', async () => {
    const cwd = await folderWith();
    const told = await serve(cwd, 'keys.log', async (port) => {
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const keys = await clientKeys(port, version);
        expect(keys.length).toBeGreaterThan(0);
        const logged = () => readFile(join(cwd, 'keys.log'), 'utf8');
        for (const key of keys) await expect.poll(logged).toContain(`${key}\n`);
      }
    });
    expect(told).toContain('warning[key-log]: SSLKEYLOGFILE: with the keys in keys.log, all TLS traffic');
    expect((await stat(join(cwd, 'keys.log'))).mode & 0o777).toBe(0o600);
  });

  it('is appended to', async () => {
    const cwd = await folderWith({ 'keys.log': '# before\n' });
    await chmod(join(cwd, 'keys.log'), 0o600);
    await serve(cwd, 'keys.log', async (port) => {
      await clientKeys(port, 'TLSv1.3');
      const logged = () => readFile(join(cwd, 'keys.log'), 'utf8');
      await expect.poll(logged).toMatch(/^# before\nSERVER_HANDSHAKE_TRAFFIC_SECRET |^# before\nCLIENT_/);
    });
  });

  it.each([
    ['a link', (cwd: string) => symlink('target', join(cwd, 'keys.log')), 'it is a symbolic link'],
    [
      'a file with a second name',
      async (cwd: string) => {
        await writeFile(join(cwd, 'target'), '', { mode: 0o600 });
        await link(join(cwd, 'target'), join(cwd, 'keys.log'));
      },
      'a second name (a hard link)',
    ],
    [
      'a file that others may read',
      (cwd: string) => writeFile(join(cwd, 'keys.log'), '', { mode: 0o644 }),
      'other users may read it: chmod 600',
    ],
    ['a file in a missing directory', async () => {}, 'ENOENT'],
  ])('is not %s: the server serves, and says so', async (what, prepare, reason) => {
    const cwd = await folderWith();
    await chmod(cwd, 0o700);
    await prepare(cwd);
    const file = what.includes('missing') ? 'none/keys.log' : 'keys.log';
    const told = await serve(cwd, file, async (port) => {
      await clientKeys(port, 'TLSv1.3');
    });
    expect(told).toContain(`${file} cannot be used, so no keys are logged: `);
    expect(told).toContain(reason);
    for (const name of ['keys.log', 'target']) {
      const text = await readFile(join(cwd, name), 'utf8').catch(() => '');
      expect(text).toBe('');
    }
  });

  it('is not opened where no TLS is spoken, and nothing is logged without it', async () => {
    const cwd = await folderWith();
    const plain = await serve(
      cwd,
      'keys.log',
      async () => {},
      (port) => `${asRoot} server { listen 127.0.0.1:${port}; return 200; }`,
    );
    expect(plain).not.toContain('SSLKEYLOGFILE');
    const told = await serve(cwd, undefined, async (port) => {
      await clientKeys(port, 'TLSv1.3');
    });
    expect(told).not.toContain('key-log');
    await expect(stat(join(cwd, 'keys.log'))).rejects.toThrow('ENOENT');
  });

  it.runIf(process.getuid?.() === 0)(
    'is written by workers that have given up the rights of root',
    async () => {
      const cwd = await folderWith();
      await chmod(cwd, 0o755);
      await serve(
        cwd,
        'keys.log',
        async (port) => {
          const keys = await clientKeys(port, 'TLSv1.3');
          const logged = () => readFile(join(cwd, 'keys.log'), 'utf8');
          for (const key of keys) await expect.poll(logged).toContain(`${key}\n`);
        },
        (port) => configuration(port).replace(asRoot, 'user nobody; '),
      );
      expect(await stat(join(cwd, 'keys.log'))).toMatchObject({ uid: 0 });
    },
  );
});
