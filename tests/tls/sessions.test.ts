import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../free-port.js';
import { Certificates } from './certificates.js';
import { get, sessionOf } from './client.js';

let made: Certificates;
let client: ConnectionOptions;
beforeAll(async () => {
  made = await Certificates.make();
  await made.server('a', ['a.test', 'b.test', '*.wild.test']);
  await made.authority('ca');
  await made.authority('other-ca');
  await made.client('client', { issuer: 'ca' });
  await writeFile(made.path('ticket.key'), randomBytes(48));
  client = { cert: await made.read('client.pem'), key: await made.read('client.key') };
});
afterAll(() => made.remove());

const pair = (): string =>
  `ssl_certificate ${made.path('a.pem')}; ssl_certificate_key ${made.path('a.key')};`;

/** Servers of one address that share everything but what is given here. */
async function servers(...each: readonly string[]): Promise<TestServer> {
  const listen = `listen 127.0.0.1:${await freePort()} ssl;`;
  const blocks = each.map((own) => `server { ${listen} ${pair()} ${own} return 200 "$ssl_client_verify"; }`);
  return startTestServer(blocks.join('\n'));
}

const verify = (mode: string, ca = 'ca'): string =>
  `ssl_verify_client ${mode}; ssl_client_certificate ${made.path(`${ca}.pem`)};`;

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a session of %s (CVE-2025-23419)', (maxVersion) => {
  describe.each([
    ['keys of each server', ''],
    ['one key for all', 'KEY'],
  ])('with %s', (_keys, shared) => {
    const key = (): string => (shared === '' ? '' : `ssl_session_ticket_key ${made.path('ticket.key')};`);

    /** Whether a session got with one name is resumed with another one. */
    async function resumes(server: TestServer, from: string, to: string): Promise<boolean> {
      const options = { ...client, maxVersion };
      const session = await sessionOf(server.port, { ...options, servername: from });
      const { reused, status } = await get(server.port, '/', { ...options, servername: to, session });
      expect(status).toBe(200);
      return reused;
    }

    it('is resumed at its own server', async () => {
      await using server = await servers(`server_name a.test; ${key()}`, `server_name b.test; ${key()}`);
      expect(await resumes(server, 'a.test', 'a.test')).toBe(true);
    });

    it('is not resumed at a server of another name', async () => {
      await using server = await servers(`server_name a.test; ${key()}`, `server_name b.test; ${key()}`);
      expect(await resumes(server, 'a.test', 'b.test')).toBe(false);
      expect(await resumes(server, 'b.test', 'a.test')).toBe(false);
    });

    it('is not resumed at the default server, or from there', async () => {
      await using server = await servers(
        key(),
        `server_name a.test; ${key()}`,
        `server_name *.wild.test; ${key()}`,
      );
      for (const [from, to] of [
        ['a.test', 'unknown.test'],
        ['unknown.test', 'a.test'],
        ['x.wild.test', 'unknown.test'],
        ['x.wild.test', 'a.test'],
        ['', 'a.test'],
      ] as const)
        expect(await resumes(server, from, to)).toBe(false);
    });

    it.each(['on', 'optional', 'optional_no_ca'])('never gets past ssl_verify_client %s', async (mode) => {
      await using server = await servers(
        `server_name a.test; ${key()}`,
        `server_name b.test; ${key()} ${verify(mode)}`,
      );
      for (const [from, to] of [
        ['a.test', 'b.test'],
        ['b.test', 'b.test'],
        ['b.test', 'a.test'],
      ] as const)
        expect(await resumes(server, from, to)).toBe(false);
      // Without a certificate of its own, the session is no replacement.
      const session = await sessionOf(server.port, { ...client, maxVersion, servername: 'b.test' });
      const { status, text } = await get(server.port, '/', { maxVersion, servername: 'b.test', session });
      expect(`${status} ${text}`).toMatch(mode === 'on' ? /^400 / : /^200 [\s\S]*NONE$/);
    });
  });

  it('of one authority is not resumed with another one', async () => {
    await using server = await servers(
      `server_name a.test; ${verify('on', 'ca')}`,
      `server_name b.test; ${verify('on', 'other-ca')}`,
    );
    const session = await sessionOf(server.port, { ...client, maxVersion, servername: 'a.test' });
    const { status, reused } = await get(server.port, '/', {
      ...client,
      maxVersion,
      servername: 'b.test',
      session,
    });
    expect([status, reused]).toEqual([400, false]);
  });

  it('of one name of a server is used for another name of it by a full handshake, or not at all', async () => {
    await using server = await servers('server_name a.test b.test;');
    const session = await sessionOf(server.port, { maxVersion, servername: 'a.test' });
    const again = await get(server.port, '/', { maxVersion, servername: 'b.test', session }).catch(String);
    if (typeof again !== 'string') expect(again.text).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('renegotiation', () => {
  it('is refused', async () => {
    await using server = await servers('server_name a.test;');
    const child = spawn('openssl', [
      's_client',
      '-connect',
      `127.0.0.1:${server.port}`,
      '-tls1_2',
      '-servername',
      'a.test',
    ]);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('latin1').on('data', (piece: string) => {
        output += piece;
      });
    await expect.poll(() => output).toContain('Verify return code');
    child.stdin.write('R\n');
    await new Promise((resolve) => child.once('close', resolve));
    expect(output).toContain('RENEGOTIATING');
    expect(output).toMatch(/no renegotiation|handshake failure/);
    expect((await get(server.port, '/', { servername: 'a.test' })).status).toBe(200);
  });
});
