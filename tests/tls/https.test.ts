import { type IncomingMessage, request } from 'node:http';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinPlugins, publicEntries } from '../../src/builtin.js';
import { loadConfigText } from '../../src/kernel/config/files/load.js';
import { start } from '../../src/kernel/server/server.js';
import { readKeyPair } from '../../src/kernel/tls/key-pair.js';
import { OwnKeys } from '../../src/kernel/tls/key-source.js';
import { freePort } from '../free-port.js';
import { Certificates } from './certificates.js';
import { get } from './client.js';

let made: Certificates;
beforeAll(async () => {
  made = await Certificates.make();
  await made.server('a', ['a.test', '*.a.test', 'localhost', '127.0.0.1']);
});
afterAll(() => made.remove());

const pair = (): string =>
  `ssl_certificate ${made.path('a.pem')}; ssl_certificate_key ${made.path('a.key')};`;

const FILES = {
  'www/a.txt': 'text',
  'www/404.html': 'nothing',
  users: 'ann:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
};

const server = (directives: string): Promise<TestServer> =>
  startTestServer(`server { listen 127.0.0.1:0 ssl; ${pair()} root www; ${directives} }`, FILES);

/** The lines of Strict-Transport-Security in a response. */
async function sent(port: number, path = '/a.txt', host = 'a.test'): Promise<readonly string[]> {
  const { text } = await get(port, path, { hostField: host, servername: 'a.test' });
  const [head = ''] = text.split('\r\n\r\n', 1);
  return head.split('\r\n').filter((line) => /^strict-transport-security:/i.test(line));
}

describe('hsts', () => {
  const YEAR = ['Strict-Transport-Security: max-age=31536000'];

  it('is sent with every status', async () => {
    await using one = await server(`hsts on; error_page 404 /404.html; location /none { }
      location /closed { return 403; } location /gone { return 410 text; } location /moved { return 302 /a.txt; }
      location /members { auth_basic a; auth_basic_user_file users; } location /empty { return 204; }`);
    for (const path of ['/a.txt', '/none', '/closed', '/gone', '/moved', '/members/', '/empty', '/.hidden'])
      expect([path, await sent(one.port, path)]).toEqual([path, YEAR]);
  });

  it('has the parameters of the block', async () => {
    await using one = await server(`hsts max-age=300 include_subdomains;
      location /off { hsts off; return 200; } location /own { hsts max-age=2y preload include_subdomains; return 200; }`);
    expect(await sent(one.port)).toEqual(['Strict-Transport-Security: max-age=300; includeSubDomains']);
    expect(await sent(one.port, '/off')).toEqual([]);
    expect(await sent(one.port, '/own')).toEqual([
      'Strict-Transport-Security: max-age=63072000; includeSubDomains; preload',
    ]);
  });

  it('is not doubled', async () => {
    await using one = await server('hsts on; add_header STRICT-Transport-Security max-age=5 always;');
    for (const path of ['/a.txt', '/none'])
      expect(await sent(one.port, path)).toEqual(['STRICT-Transport-Security: max-age=5']);
  });

  it.each([
    ['a.test', true],
    ['localhost.a.test', true],
    ['localhost', false],
    ['LOCALHOST.:8443', false],
    ['app.localhost', false],
    ['127.0.0.1', false],
    ['192.0.2.1:443', false],
    ['[::1]', false],
  ])('for the host %s: %s', async (host, isSent) => {
    await using one = await server('hsts on;');
    expect(await sent(one.port, '/a.txt', host)).toEqual(isSent ? YEAR : []);
  });

  it('is not sent without TLS', async () => {
    await using one = await server('listen 127.0.0.2:0; hsts on;');
    const options = { host: '127.0.0.2', port: one.ports[1], path: '/a.txt', headers: { host: 'a.test' } };
    const plain = await new Promise<IncomingMessage>((resolve) => request(options, resolve).end());
    expect(plain.resume().statusCode).toBe(200);
    expect(plain.headers).not.toHaveProperty('strict-transport-security');
    expect(await sent(one.port)).toEqual(YEAR);
  });

  it('is not sent by a server whose certificate is internal', async () => {
    const conf = 'server { listen 127.0.0.1:0 ssl; ssl_certificate internal; hsts on; return 200; }';
    const { config } = await loadConfigText(conf, {
      file: 'test.conf',
      base: made.directory,
      builtins: builtinPlugins(),
      entries: publicEntries(),
    });
    if (config === undefined) throw new Error('the configuration is wrong');
    const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const running = await start(config, silent, { keys: new MadeKeys() });
    const [address] = running.addresses;
    const port = address?.kind === 'tcp' ? address.port : 0;
    expect((await get(port, '/', { servername: 'a.test' })).status).toBe(200);
    expect(await sent(port)).toEqual([]);
    await running.stop(0);
  });
});

/** Stands for the local authority. */
class MadeKeys extends OwnKeys {
  override keyPair() {
    const files = { certificate: made.path('a.pem'), key: made.path('a.key'), passwords: undefined };
    return readKeyPair({ kind: 'files', ...files });
  }
}

describe('https_redirect', () => {
  it('leads to what is served by TLS', async () => {
    const port = await freePort();
    await using both = await startTestServer(
      `server { listen 127.0.0.2:0; listen 127.0.0.1:${port} ssl; ${pair()} root www; https_redirect on; }`,
      FILES,
    );
    const [plain = 0] = both.ports;
    const url = `http://127.0.0.2:${plain}/a.txt?b`;
    const response = await fetch(url, { redirect: 'manual' });
    expect(response.status).toBe(301);
    expect(response.headers.get('location')).toBe(`https://127.0.0.2:${port}/a.txt?b`);
    expect((await get(port, '/a.txt', { hostField: '127.0.0.1' })).text).toMatch(/\r\n\r\ntext$/);
    const post = await fetch(url, { redirect: 'manual', method: 'POST', body: 'x' });
    expect(post.status).toBe(308);
  });
});
