import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../cli/in-process.js';
import { folderWith } from '../cli/webserv.js';
import { Certificates } from './certificates.js';

let made: Certificates;
beforeAll(async () => {
  made = await Certificates.make();
  await made.authority('ca');
  await made.server('a', ['a.test', 'c.test', '127.0.0.1'], { issuer: 'ca', days: 100 });
  await made.server('b', ['*.b.test']);
});
afterAll(() => made.remove());

const pair = (name: string): string =>
  `ssl_certificate ${made.path(`${name}.pem`)}; ssl_certificate_key ${made.path(`${name}.key`)};`;

/** The rows of an explanation by their labels, those without one with the row before. */
async function rows(url: string, conf: readonly string[]): Promise<Record<string, string>> {
  const cwd = await folderWith({ 'webserv.conf': conf.join('\n') });
  const { code, stdout, stderr } = await command(['explain', url], { cwd });
  expect([code, stderr]).toEqual([0, '']);
  const parts = stdout.replaceAll(`${made.directory}/`, '').split(/^(?=\S)/m);
  return Object.fromEntries(
    parts.map((part) => [part.slice(0, 10).trim(), part.slice(10).trimEnd().replace(/\n */g, '\n')]),
  );
}

const conf = () => [
  `server { listen 8443 ssl; server_name a.test; ${pair('a')} return 200; }`,
  `server { listen 8443 ssl; server_name *.b.test; ${pair('b')} ssl_protocols TLSv1.3; return 200; }`,
  `server { listen 8443 ssl; server_name c.test 127.0.0.1; ${pair('a')} ssl_verify_client on;`,
  `  ssl_client_certificate ${made.path('ca.pem')}; return 200; }`,
  'server { listen 8443 ssl; server_name r.test; ssl_reject_handshake on; return 200; }',
  'server { listen 9443 ssl; server_name i.test; ssl_certificate internal; return 200; }',
  'server { listen 8080; return 200; }',
];

describe('webserv explain https://…', () => {
  const day = new Date(Date.now() + 100 * 86_400_000).toISOString().slice(0, 10);

  it('names the server of the handshake, its certificate and why', async () => {
    const found = await rows('https://a.test:8443/x', conf());
    expect(found).toMatchObject({
      request: 'GET /x, host a.test',
      address: '0.0.0.0:8443, TLS at webserv.conf:1:17',
      server: 'a.test at webserv.conf:1:1: it has the name a.test',
    });
    expect(found.tls?.split('\n')).toEqual([
      'server name a.test: the server a.test at webserv.conf:1:1: it has the name a.test',
      'TLSv1.2, TLSv1.3',
      expect.stringMatching(
        new RegExp(
          `^certificate a\\.pem at webserv\\.conf:1:63: CN=a,O=Tests, for a\\.test, c\\.test, 127\\.0\\.0\\.1, ` +
            `issued by CN=ca,O=Tests, expires on ${day}, in (?:99|100) days$`,
        ),
      ),
      'clients need no certificate',
      '421 for requests on the same connection with the host *.b.test, c.test, 127.0.0.1, r.test: their TLS differs',
    ]);
  });

  it('says whether a wildcard or the default decides', async () => {
    const wildcard = (await rows('https://x.b.test:8443/', conf())).tls ?? '';
    expect(wildcard).toContain(
      'server name x.b.test: the server *.b.test at webserv.conf:2:1: it has the name *.b.test\nTLSv1.3\n',
    );
    expect(wildcard).toContain(': CN=b,O=Tests, for *.b.test, issued by itself, ');
    expect(wildcard).toContain('with the host a.test, any other name, c.test');
    expect((await rows('https://other:8443/', conf())).tls).toMatch(
      /^server name other: the server a\.test at webserv\.conf:1:1: it is the first on this address/,
    );
  });

  it('tells of client verification, and of 421', async () => {
    const verified = await rows('https://c.test:8443/', conf());
    expect(verified.tls).toContain(
      'clients need a certificate of an authority in ca.pem at webserv.conf:4:26; without it, every request gets 400',
    );
    // The client sends no name for an address: the handshake is that of the default server.
    const address = await rows('https://127.0.0.1:8443/', conf());
    expect(address.tls).toMatch(/^without a server name: the server a\.test /);
    expect(address.response).toMatch(/^421: the server of the host verifies clients differently/);
    expect(address).not.toHaveProperty('server');
  });

  it('tells of handshakes that fail', async () => {
    const rejected = await rows('https://r.test:8443/', conf());
    expect(rejected.tls).toMatch(/\nssl_reject_handshake on: the handshake is rejected$/);
    expect(rejected.response).toBe('none: the TLS handshake is rejected');
    const plain = await rows('https://a.test:8080/x?y', conf());
    expect(plain.response).toBe(
      'none: the TLS handshake fails on an address that speaks plain HTTP; use http://a.test:8080/x?y',
    );
    expect(plain).not.toHaveProperty('tls');
  });

  it('knows that an internal certificate is not made yet', async () => {
    expect((await rows('https://i.test:9443/', conf())).tls).toContain(
      'internal certificate at webserv.conf:6:63, for i.test: the local authority makes it',
    );
  });

  it('of plain HTTP on an address of TLS is 400', async () => {
    const found = await rows('http://a.test:8443/x', conf());
    expect(found.response).toBe('400: plain HTTP on an address that speaks TLS; use https://a.test:8443/x');
    expect(found).not.toHaveProperty('tls');
  });

  it('takes what the address speaks for a path', async () => {
    expect((await rows('/', conf())).tls).toMatch(/^without a server name: the server a\.test /);
    expect((await rows('a.test:8443/', conf())).tls).toMatch(/^server name a\.test: /);
    expect((await rows('a.test:8080/', conf())).server).toBeDefined();
  });

  if (process.getuid?.() !== 0)
    it('needs no key', async () => {
      await chmod(join(made.directory, 'b.key'), 0);
      const cwd = await folderWith({ 'webserv.conf': conf().join('\n') });
      const { stdout, stderr } = await command(['explain', 'https://x.b.test:8443/'], { cwd });
      expect(stderr).toContain('cannot read');
      expect(stdout).toContain('CN=b,O=Tests');
    });
});
