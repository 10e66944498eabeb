import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../free-port.js';
import { Certificates } from './certificates.js';
import { get, refusal } from './client.js';

let made: Certificates;
beforeAll(async () => {
  made = await Certificates.make();
  for (const name of ['first', 'second', 'wild', 'deep', 'third']) await made.server(name, [`${name}.test`]);
});
afterAll(() => made.remove());

const server = (listen: string, name: string, certificate: string): string =>
  `server { listen ${listen}; ${name === '' ? '' : `server_name ${name};`}
     ssl_certificate ${made.path(`${certificate}.pem`)}; ssl_certificate_key ${made.path(`${certificate}.key`)};
     return 200 "${certificate} $ssl_server_name"; }\n`;

const several = (listen: string): string =>
  server(`${listen} ssl`, '', 'first') +
  server(`${listen} ssl`, 'second.test other.test', 'second') +
  server(`${listen} ssl`, '*.wild.test', 'wild') +
  server(`${listen} ssl`, '*.deep.wild.test', 'deep');

/** Asks a host's own name, as a browser does. */
const chosen = async (port: number, servername: string, more = {}): Promise<string> => {
  const { certificate, text } = await get(port, '/', { servername, ...more });
  return `${certificate}: ${text.slice(text.indexOf('\r\n\r\n') + 4)}`;
};

describe('the server of a handshake', () => {
  it.each([
    ['second.test', 'second: second second.test'],
    ['other.test', 'second: second other.test'],
    ['SECOND.test', 'second: second second.test'],
    ['x.wild.test', 'wild: wild x.wild.test'],
    ['x.y.wild.test', 'wild: wild x.y.wild.test'],
    ['x.deep.wild.test', 'deep: deep x.deep.wild.test'],
    ['wild.test', 'first: first wild.test'],
    ['unknown.test', 'first: first unknown.test'],
    ['a', 'first: first a'],
    ['', 'first: first '],
    ['xn--bcher-kva.test', 'first: first xn--bcher-kva.test'],
    ['__proto__', 'first: first __proto__'],
  ])('for the name %j is %j', async (name, expected) => {
    const port = await freePort();
    await using _one = await startTestServer(several(`127.0.0.1:${port}`));
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'])
      expect(await chosen(port, name, { maxVersion })).toBe(expected);
  });

  it('is the same with a trailing dot, as for Host', async () => {
    const port = await freePort();
    await using _one = await startTestServer(several(`127.0.0.1:${port}`));
    expect(await chosen(port, 'second.test.')).toMatch(/^second: second/);
    expect(await chosen(port, 'x.wild.test.')).toMatch(/^wild: wild/);
  });

  it('is the one with default_server where the name is unknown', async () => {
    const listen = `127.0.0.1:${await freePort()}`;
    await using one = await startTestServer(
      server(`${listen} ssl`, 'first.test', 'first') +
        server(`${listen} ssl default_server`, 'second.test', 'second'),
    );
    expect(await chosen(one.port, 'unknown.test')).toMatch(/^second: second/);
    expect(await chosen(one.port, '')).toMatch(/^second: second/);
  });

  it('may reject unknown names, and serve its own', async () => {
    const listen = `127.0.0.1:${await freePort()}`;
    await using one = await startTestServer(
      `server { listen ${listen} ssl default_server; ssl_reject_handshake on; }
       ${server(`${listen} ssl`, 'second.test', 'second')}`,
    );
    expect(await refusal(one.port, { servername: 'unknown.test' })).toBe('ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
    expect(await refusal(one.port)).toBe('ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
    expect(await chosen(one.port, 'second.test')).toMatch(/^second/);
  });
});

describe('addresses', () => {
  it('IPv6', async () => {
    const port = await freePort();
    await using _one = await startTestServer(several(`[::1]:${port}`));
    expect(await chosen(port, 'second.test', { host: '::1' })).toMatch(/^second: second/);
    expect(await chosen(port, 'x.wild.test', { host: '::1' })).toMatch(/^wild: wild/);
  });

  it('a UNIX socket', async () => {
    const path = join(tmpdir(), `webserv-tls-${randomBytes(4).toString('hex')}.sock`);
    await using _one = await startTestServer(several(`unix:${path}`));
    expect(await chosen(0, 'second.test', { path, port: undefined })).toMatch(/^second: second/);
    expect(await chosen(0, '', { path, port: undefined })).toMatch(/^first: first/);
  });

  it('each have servers of their own', async () => {
    const ports = [await freePort(), await freePort()] as const;
    await using _one = await startTestServer(
      several(`127.0.0.1:${ports[0]}`) + server(`127.0.0.1:${ports[1]} ssl`, 'second.test', 'third'),
    );
    expect(await chosen(ports[0], 'second.test')).toMatch(/^second/);
    expect(await chosen(ports[1], 'second.test')).toMatch(/^third/);
  });

  it.each([
    ['wildcard', true],
    ['specific address', false],
  ])('of one port speak what they say, where only the %s speaks TLS', async (_which, isWildcardSecure) => {
    const port = await freePort();
    const [wildcard, specific] = [`0.0.0.0:${port}`, `127.0.0.1:${port}`];
    await using _one = await startTestServer(
      isWildcardSecure
        ? `${server(`${wildcard} ssl`, '', 'first')} server { listen ${specific}; return 200 plain; }`
        : `server { listen ${wildcard}; return 200 plain; } ${server(`${specific} ssl`, '', 'first')}`,
    );
    const [secure, open] = isWildcardSecure ? ['127.0.0.2', '127.0.0.1'] : ['127.0.0.1', '127.0.0.2'];
    expect(await chosen(port, '', { host: secure })).toMatch(/^first/);
    expect(await (await fetch(`http://${open}:${port}/`)).text()).toBe('plain');
    expect(await refusal(port, { host: open })).toBe('ERR_SSL_WRONG_VERSION_NUMBER');
  });
});
