import { inject, startTestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { freePort } from '../../tests/free-port.js';

const TLS = 'ssl_certificate internal; return 200;';
const FILES = {
  'www/a.txt': 'text',
  'www/.well-known/acme-challenge/token': 'proof',
  users: 'ann:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
};

interface Sent {
  readonly host?: string;
  readonly path?: string;
  readonly method?: string;
}

/** The status and the Location for a request to the first server of a configuration. */
async function sent(conf: string, { host = 'a.test', ...request }: Sent = {}): Promise<string> {
  const response = await inject([], conf, { ...request, headers: { Host: host } }, FILES);
  const location = response.headers.get('location');
  return location === null ? String(response.status) : `${response.status} ${location}`;
}

const plain = (directives = ''): string => `server { listen 80; root www; https_redirect on; ${directives} }`;
const secure = (names: string, listen = 'listen 443 ssl;'): string =>
  `server { ${listen} ${names === '' ? '' : `server_name ${names};`} ${TLS} }`;

describe('https_redirect', () => {
  const conf = `${plain()} ${secure('a.test')}`;

  test.each([
    ['/', 'https://a.test/'],
    ['/a.txt?b=%20c&d', 'https://a.test/a.txt?b=%20c&d'],
    ['/%41/../x/./%2F//y', 'https://a.test/%41/../x/./%2F//y'],
    ['//evil.test/', 'https://a.test//evil.test/'],
    ['/\u00e4"<b>\\^`{|}', 'https://a.test/%E4%22%3Cb%3E%5C%5E%60%7B%7C%7D'],
    ['http://a.test/x%20y?z', 'https://a.test/x%20y?z'],
    ['http://a.test', 'https://a.test/'],
  ])('keeps the target %s', async (path, location) => {
    expect(await sent(conf, { path })).toBe(`301 ${location}`);
  });

  test.each(['HEAD', 'GET'])('responds to %s with 301', async (method) => {
    expect(await sent(conf, { method })).toBe('301 https://a.test/');
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('responds to %s with 308', async (method) => {
    expect(await sent(conf, { method })).toBe('308 https://a.test/');
  });

  test.each([
    ['a.test:80', '301 https://a.test/'],
    ['A.Test.:8080', '301 https://a.test/'],
    ['b.test', '301 https://b.test:8443/'],
    ['x.b.test', '301 https://x.b.test:9443/'],
    ['y.x.b.test', '301 https://y.x.b.test/'],
    ['[2001:DB8::1]:80', '301 https://[2001:db8::1]:9443/'],
    ['192.0.2.1', '301 https://192.0.2.1:9443/'],
    ['c.test', '421'],
    ['[2001:db8::2]', '421'],
    ['192.0.2.2', '421'],
  ])('leads to the port of the TLS server that is called %s: %s', async (host, expected) => {
    const several = [
      plain(),
      secure('a.test', 'listen 8443 ssl; listen 443 ssl;'),
      secure('b.test', 'listen 8443 ssl; listen 9443 ssl;'),
      secure('*.b.test [2001:db8::1] 192.0.2.1', 'listen 9443 ssl;'),
      secure('*.x.b.test'),
    ];
    expect(await sent(several.join(' '), { host })).toBe(expected);
  });

  test('leads every host to the own TLS address, or to a default server without a name', async () => {
    const own = `server { listen 80; listen 8443 ssl; server_name a.test; https_redirect on; ${TLS} }`;
    expect(await sent(own, { host: 'other.test' })).toBe('301 https://other.test:8443/');
    expect(await sent(`${plain()} ${secure('')}`, { host: 'other.test' })).toBe('301 https://other.test/');
    const notDefault = `${plain()} ${secure('a.test')} ${secure('')}`;
    expect(await sent(notDefault, { host: 'other.test' })).toBe('421');
  });

  test('takes the name of the server for a client that sends none', async () => {
    const port = await freePort();
    const http10 = async (names: string): Promise<string> => {
      await using server = await startTestServer(
        `server { listen 127.0.0.1:0; server_name ${names}; https_redirect on; }
         ${secure('a.test *.a.test', `listen 127.0.0.1:${port} ssl;`)}`,
      );
      return await server.raw('GET /x HTTP/1.0\r\n\r\n');
    };
    expect(await http10('*.a.test a.test')).toContain(`\r\nLocation: https://a.test:${port}/x\r\n`);
    expect(await http10('*.a.test')).toMatch(/^HTTP\/1\.1 421 /);
  });

  test('comes before return, passwords and files, and before 404', async () => {
    const before = `${plain(`return 200 plain; location /a { auth_basic a; auth_basic_user_file users; root www; }
      location /b { }`)} ${secure('a.test')}`;
    for (const path of ['/', '/a/a.txt', '/b']) expect(await sent(before, { path })).toMatch(/^301 /);
  });

  test('does not come before allow_hosts', async () => {
    const conf421 = `${plain('allow_hosts a.test;')} ${secure('')}`;
    expect(await sent(conf421, { host: 'evil.test' })).toBe('421');
    expect(await sent(conf421)).toBe('301 https://a.test/');
  });

  test('leaves the challenges of certificate authorities, and their error pages', async () => {
    const page = `${plain('error_page 404 /a.txt;')} ${secure('a.test')}`;
    const below = '/.well-known/acme-challenge';
    expect(await sent(page, { path: `${below}/token` })).toBe('200');
    expect(await sent(page, { path: `${below}/none` })).toBe('404');
    expect(await sent(page, { path: `${below}/%2e%2e/x` })).toBe(
      '301 https://a.test/.well-known/acme-challenge/%2e%2e/x',
    );
    expect(await sent(page, { path: below })).toBe(`301 https://a.test${below}`);
    expect(await sent(page, { path: '/.well-known/security.txt' })).toMatch(/^301 /);
  });

  test('can be off in a location, and is inherited from main', async () => {
    const mixed = `https_redirect on;\nserver { listen 80; root www; location /a.txt { https_redirect off; } } ${secure('a.test')}`;
    expect(await sent(mixed, { path: '/a.txt' })).toBe('200');
    expect(await sent(mixed)).toMatch(/^301 /);
    expect(await sent(`server { listen 80; root www; } ${secure('a.test')}`, { path: '/a.txt' })).toBe('200');
  });

  test('is not for UNIX sockets', async () => {
    await using server = await startTestServer(
      `server { listen 127.0.0.1:0; listen unix:s; https_redirect on; root www; } ${secure('', 'listen 127.0.0.2:0 ssl;')}`,
      FILES,
    );
    const { request } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      const options = { socketPath: `${server.directory}/s`, path: '/a.txt' };
      request(options, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
    expect((await server.fetch('/a.txt')).status).toBe(421);
  });
});
