import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAnswers } from '../wire/answers.js';
import { alertIn, dial, exchange, readAll } from './bytes.js';
import { Certificates } from './certificates.js';
import { get } from './client.js';

let made: Certificates;
let server: TestServer;
beforeAll(async () => {
  made = await Certificates.make();
  await made.server('a', ['a.test']);
  server = await startTestServer(
    `server { listen 127.0.0.1:0 ssl; access_log access.log;
       ssl_certificate ${made.path('a.pem')}; ssl_certificate_key ${made.path('a.key')};
       ssl_handshake_timeout 5s; return 200 secret; }`,
  );
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await made.remove();
});

/** The responses to plain HTTP. */
const answers = async (bytes: string, ...methods: readonly string[]) =>
  readAnswers((await exchange(server.port, bytes)).toString('latin1'), methods);

const request = (head: string, host = 'Host: a.test:8443\r\n'): string => `${head}\r\n${host}\r\n`;

/** The URL that the page says to use. */
const link = (page: string): string | undefined => /<a href="([^"]*)">/.exec(page)?.[1];

describe('plain HTTP where TLS is spoken', () => {
  it.each([
    ['the path with its query', request('GET /x?y=1&z HTTP/1.1'), 'https://a.test:8443/x?y=1&amp;z'],
    ['the standard port', request('GET / HTTP/1.1', 'Host: a.test:443\r\n'), 'https://a.test/'],
    ['a host without a port', request('GET / HTTP/1.1', 'Host: a.test\r\n'), 'https://a.test/'],
    ['an address of IPv6', request('GET / HTTP/1.1', 'Host: [::1]:8443\r\n'), 'https://[::1]:8443/'],
    ['HTTP/1.0', request('GET /old HTTP/1.0'), 'https://a.test:8443/old'],
    ['HTTP/1.0 without Host', request('GET /old HTTP/1.0', ''), undefined],
    ['absolute-form', request('GET http://a.test:8443/x HTTP/1.1'), 'https://a.test:8443/x'],
    ['absolute-form of another host', request('GET http://b.test/x HTTP/1.1'), 'https://b.test/x'],
    ['OPTIONS *', request('OPTIONS * HTTP/1.1'), undefined],
    ['markup in the path', request(`GET /"'<b> HTTP/1.1`), 'https://a.test:8443/&quot;&#39;&lt;b&gt;'],
    ['two slashes', request('GET //evil.test/ HTTP/1.1'), 'https://a.test:8443//evil.test/'],
  ])('gets 400 with the right URL: %s', async (_what, bytes, url) => {
    const all = await answers(bytes);
    expect(all.map(({ status }) => status)).toEqual([400]);
    const [page] = all;
    expect(page?.fields.get('connection')).toBe('close');
    expect(page?.content).toContain('HTTPS');
    expect(link(page?.content ?? '')).toBe(url);
  });

  it('gets no body for HEAD', async () => {
    const [page] = await answers(request('HEAD / HTTP/1.1'), 'HEAD');
    expect(page).toMatchObject({ status: 400, framing: 'none' });
  });

  it.each([
    ['garbage', '\x00\x01\x02\xff\xfe\r\n\r\n'],
    ['a host with markup', request('GET / HTTP/1.1', 'Host: <script>alert(1)</script>\r\n')],
    ['a host with quotes', request('GET / HTTP/1.1', 'Host: "onclick="x\r\n')],
    ['two hosts', request('GET / HTTP/1.1', 'Host: a\r\nHost: b\r\n')],
    ['an SSLv2 hello', '\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\r\n\r\n'],
    ['an alert', '\x15\x03\x01\x00\x02\x02\x28\r\n\r\n'],
    ['application data', '\x17\x03\x03\x00\x05hello\r\n\r\n'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('gets one error without a link: %s', async (_what, bytes) => {
    const all = await answers(bytes);
    expect(all).toHaveLength(1);
    expect([400, 505]).toContain(all[0]?.status);
    expect(all[0]?.content).not.toMatch(/script>|onclick="|<a /);
    expect(all[0]?.content).not.toContain('secret');
  });

  it('gets one response to each of several requests at most, and none of the server', async () => {
    const post = `POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nbody`;
    const all = await answers(post + request('GET /second HTTP/1.1'));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([400]));
    expect(all.map(({ content }) => content).join()).not.toContain('secret');
  });

  it('may come in single bytes', async () => {
    const socket = await dial(server.port);
    for (const byte of request('GET /slow HTTP/1.1')) {
      await new Promise<void>((resolve) => socket.write(byte, () => resolve()));
    }
    const [page] = readAnswers((await readAll(socket)).toString('latin1'));
    expect(link(page?.content ?? '')).toBe('https://a.test:8443/slow');
  });

  it('after a byte of TLS gets an alert', async () => {
    expect(alertIn(await exchange(server.port, `\x16GET / HTTP/1.1\r\n\r\n`))).toBeDefined();
  });

  it('leaves clients that speak TLS alone', async () => {
    expect((await get(server.port)).text).toMatch(/secret$/);
  });
});
