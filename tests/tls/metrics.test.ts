import { chmod, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asRoot, folderWith, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { Certificates } from './certificates.js';

const DAY = 86_400;

let made: Certificates;
beforeAll(async () => {
  made = await Certificates.make();
  await made.server('month', ['a.test'], { days: 30 });
  await made.server('week', ['a.test'], { days: 7, rsa: true });
  await made.server('year', ['a.test'], { days: 365 });
  await made.server('expired', ['a.test'], { days: -1 });
});
afterAll(() => made.remove());

const pair = (name: string): string =>
  `ssl_certificate ${made.path(`${name}.pem`)}; ssl_certificate_key ${made.path(`${name}.key`)};`;

/** Days until expiry by server, as `webserv_certificate_expiry_seconds` has it. */
async function days(port: number): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`http://127.0.0.2:${port}/metrics`)).text();
  const lines = text.matchAll(/^webserv_certificate_expiry_seconds\{server="([^"]*)"\} (-?\d+)$/gm);
  return Object.fromEntries(Array.from(lines, ([, name = '', value]) => [name, Number(value) / DAY]));
}

const between = (low: number, high: number) => ({
  asymmetricMatch: (value: unknown) => typeof value === 'number' && value >= low && value <= high,
});

const STATUS = 'server { listen 127.0.0.2:0; location = /metrics { status prometheus; } }';

describe('webserv_certificate_expiry_seconds', () => {
  const start = (conf: string): Promise<TestServer> => startTestServer(`${STATUS}\n${conf}`);

  it('has the time of each TLS server, by its first name or its address', async () => {
    await using server = await start(
      `server { listen 127.0.0.1:0 ssl; server_name b.test a.test; ${pair('month')} return 200; }
       server { listen 127.0.0.1:0 ssl; ${pair('expired')} return 200; }`,
    );
    expect(await days(server.port)).toEqual({
      'b.test': between(29, 30),
      '127.0.0.1:0': between(-1.1, -0.9),
    });
  });

  it('is that of the certificate that expires first', async () => {
    await using server = await start(
      `server { listen 127.0.0.1:0 ssl; server_name a.test; ${pair('month')} ${pair('week')} return 200; }`,
    );
    expect(await days(server.port)).toEqual({ 'a.test': between(6, 7) });
  });

  it('is not there without TLS', async () => {
    await using server = await start('');
    expect(await days(server.port)).toEqual({});
  });

  it('follows renewals, and is not the sum over the workers', async () => {
    const [port, plain] = [await freePort(), await freePort()];
    const cwd = await folderWith({
      'webserv.conf': `${asRoot} workers 2;
        server { listen 127.0.0.2:${plain}; location = /metrics { status prometheus; } }
        server { listen 127.0.0.1:${port} ssl; server_name a.test; return 200;
          ssl_certificate a.pem; ssl_certificate_key a.key; }`,
    });
    const use = async (name: string): Promise<void> => {
      for (const kind of ['key', 'pem'] as const) {
        await copyFile(made.path(`${name}.${kind}`), join(cwd, `a.${kind}`));
        await chmod(join(cwd, `a.${kind}`), 0o600);
      }
    };
    await use('month');
    await serving([], { cwd });
    expect(await days(plain)).toEqual({ 'a.test': between(29, 30) });
    await use('year');
    await expect.poll(() => days(plain)).toEqual({ 'a.test': between(364, 365) });
  });
});
