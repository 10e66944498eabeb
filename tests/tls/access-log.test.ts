import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Certificates } from './certificates.js';
import { get, handshake } from './client.js';

let made: Certificates;
beforeAll(async () => {
  made = await Certificates.make();
  await made.server('a', ['a.test']);
});
afterAll(() => made.remove());

const server = (format: string): Promise<TestServer> =>
  startTestServer(
    `server { listen 127.0.0.1:0 ssl; listen 127.0.0.2:0; return 200; access_log access.log ${format};
       ssl_certificate ${made.path('a.pem')}; ssl_certificate_key ${made.path('a.key')}; }`,
  );

/** The lines of the log when there are so many. */
async function lines({ directory }: TestServer, count: number): Promise<readonly string[]> {
  const read = async () => (await readFile(`${directory}/access.log`, 'utf8')).split('\n').slice(0, -1);
  await expect.poll(read).toHaveLength(count);
  return read();
}

describe('access_log json', () => {
  it('has protocol, cipher and ALPN of an encrypted connection', async () => {
    await using one = await server('json');
    const { cipher } = await get(one.port, '/', { ALPNProtocols: ['http/1.1'] });
    await get(one.port, '/', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' });
    const [first = '', second = ''] = await lines(one, 2);
    expect(JSON.parse(first)).toMatchObject({
      status: 200,
      tls_protocol: 'TLSv1.3',
      tls_cipher: cipher,
      tls_alpn: 'http/1.1',
    });
    expect(JSON.parse(second)).toMatchObject({
      tls_protocol: 'TLSv1.2',
      tls_cipher: 'ECDHE-ECDSA-AES256-GCM-SHA384',
      tls_alpn: null,
    });
  });

  it('has them for rejected requests, too', async () => {
    await using one = await server('json');
    const socket = await handshake(one.port);
    socket.end('nonsense\r\n\r\n').resume();
    const [line = ''] = await lines(one, 1);
    expect(JSON.parse(line)).toMatchObject({
      status: 400,
      request_line: 'nonsense',
      tls_protocol: 'TLSv1.3',
    });
  });

  it('has none of them without TLS', async () => {
    await using one = await server('json');
    connect(one.ports[1] ?? 0, '127.0.0.2')
      .end('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      .resume();
    const [line = ''] = await lines(one, 1);
    expect(Object.keys(JSON.parse(line)).filter((name) => name.startsWith('tls'))).toEqual([]);
  });
});

it('access_log combined is the same over TLS', async () => {
  await using one = await server('combined');
  await get(one.port);
  const [line = ''] = await lines(one, 1);
  expect(line).toMatch(/^127\.0\.0\.1 - - \[[^\]]+\] "GET \/ HTTP\/1\.1" 200 0 "-" "-"$/);
});
