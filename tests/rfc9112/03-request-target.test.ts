import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefused, message, type RecordingServer, startRecording } from '../wire/talk.js';
import { HTTPS_IS_RIGHT, onlyOverTcp } from '../wire/transport.js';

let recording: RecordingServer;
beforeAll(async () => {
  recording = await startRecording();
});
afterAll(() => recording[Symbol.asyncDispose]());

const refused = (bytes: string, status = 400) => expectRefused(recording, bytes, status);
const lines = (requestLine: string, ...fields: readonly string[]) =>
  message(requestLine, fields.length > 0 ? fields : ['Host: a']);
const seen = async (requestLine: string, ...fields: readonly string[]) => {
  const host = fields.length > 0 ? fields : ['Host: a'];
  const { requests } = await recording.talk(message(requestLine, [...host, 'Connection: close']));
  return requests[0];
};

describe('3.2 request target', () => {
  it.each(['#', '\0', '\x01', '\x1f', '\x7f', '\t'])(
    'has no control character in its path: not %j',
    (character) => refused(lines(`GET /a${character}b HTTP/1.1`)),
  );

  it.each([
    ['\xc3\xa9', '/aéb'],
    ['\x80', '/a%80b'],
    ['\xff', '/a%FFb'],
    ['\xc0\xaf', '/a%C0%AFb'],
    ['\\', '/a\\b'],
    ['\\..\\', '/a\\..\\b'],
    ...Array.from('"<>^`{|}[]', (character): [string, string] => [character, `/a${character}b`]),
  ])('may have any other byte in its path without encoding: %j', async (bytes, path) => {
    const request = await seen(`GET /a${bytes}b HTTP/1.1`);
    expect(request).toMatchObject({ target: `/a${bytes}b`, path });
  });

  it.each(['/a#b', '/?a#b', '/#', '#a', 'http://a/#b'])('has no fragment: %s', (target) =>
    refused(lines(`GET ${target} HTTP/1.1`)),
  );

  it.each(['http://a%2e/', 'http://a%2f/', 'http://%61/'])('has no escape in its authority: %s', (target) =>
    refused(lines(`GET ${target} HTTP/1.1`)),
  );

  it.each(['/%', '/%1', '/%zz', '/%-1', '/%1g', '/%%', '/% 1', '/%u0041'])(
    'has two hexadecimal digits behind each percent sign of its path: %s',
    (target) => refused(lines(`GET ${target} HTTP/1.1`)),
  );

  it.each([
    ["/a-._~!$&'()*+,;=:@b", "/a-._~!$&'()*+,;=:@b"],
    ['/%41%7e', '/A~'],
    ['/%C3%A9', '/é'],
    ['/a%20b', '/a b'],
    ['/a%3Fb%23c', '/a?b#c'],
  ])('decodes a path once: %s', async (target, path) => {
    expect(await seen(`GET ${target} HTTP/1.1`)).toMatchObject({ target, path, query: '' });
  });

  it('decodes once only', async () => {
    expect(await seen('GET /%2541 HTTP/1.1')).toMatchObject({ path: '/%41' });
  });

  it.each([
    ['/%C0%AF', '/%C0%AF', '\udcc0\udcaf'],
    ['/%c0%80', '/%C0%80', '\udcc0\udc80'],
    ['/%ff', '/%FF', '\udcff'],
    ['/%ED%A0%80', '/%ED%A0%80', '\udced\udca0\udc80'],
    ['/%F5%80%80%80', '/%F5%80%80%80', '\udcf5\udc80\udc80\udc80'],
    ['/%e2%82', '/%E2%82', '\udce2\udc82'],
    ['/%c0%ae%c0%ae', '/%C0%AE%C0%AE', '\udcc0\udcae\udcc0\udcae'],
    ['/%2525', '/%2525', '%25'],
    ['/%252f', '/%252f', '%2f'],
    ['/%01', '/%01', '\x01'],
    ['/%1f%7F', '/%1F%7F', '\x1f\x7f'],
    ['/%0d%0a', '/%0D%0A', '\r\n'],
    ['/%00', '/%00', '\0'],
    ['/%5c..', '/\\..', '\\..'],
    ['/a%2fb', '/a%2Fb', 'a/b'],
    ['/%2e%2e%2f', '/..%2F', '../'],
    ['/%2f%2F', '/%2F%2F', '//'],
  ])(
    'keeps what is no text in a segment encoded, and its segments have it: %s',
    async (target, path, segment) => {
      expect(await seen(`GET ${target} HTTP/1.1`)).toMatchObject({ target, path, segments: [segment] });
    },
  );

  it('has a segment after each slash, an empty one after the last', async () => {
    expect(await seen('GET /a%2fb//c/./ HTTP/1.1')).toMatchObject({ segments: ['a/b', 'c', ''] });
    expect(await seen('GET / HTTP/1.1')).toMatchObject({ segments: [''] });
  });

  it.each([
    '/..',
    '/../',
    '/../a',
    '/a/../..',
    '/%2e%2e',
    '/%2E%2E/a',
    '/.%2e/',
    '/a/../../b',
    '//..',
    '/./..',
  ])('refuses a climb above the root: %s', (target) => refused(lines(`GET ${target} HTTP/1.1`)));

  it.each([
    ['/a/../b', '/b'],
    ['/a/./b', '/a/b'],
    ['/a/b/..', '/a/'],
    ['/a/%2e%2e/b', '/b'],
    ['//a///b', '/a/b'],
    ['/a/.', '/a/'],
    ['/...', '/...'],
    ['/a..b', '/a..b'],
  ])('resolves dot segments and empty ones before it matches: %s', async (target, path) => {
    expect(await seen(`GET ${target} HTTP/1.1`)).toMatchObject({ path });
  });
});

describe('3.2.1 origin form', () => {
  it('is an absolute path with an optional query, which stays as it is', async () => {
    expect(await seen('GET /a/b?c=%20&d=/?e HTTP/1.1', 'Host: h:81')).toMatchObject({
      path: '/a/b',
      query: 'c=%20&d=/?e',
      host: 'h',
    });
  });

  it('distinguishes an empty query', async () => {
    expect(await seen('GET /a? HTTP/1.1')).toMatchObject({ path: '/a', query: '', target: '/a?' });
  });

  it.each(['a', 'index.html', '?a', '.', '..', '*a', '**', 'a/b', ':80', '@', '%2f'])(
    'starts with a slash: %s does not',
    (target) => refused(lines(`GET ${target} HTTP/1.1`)),
  );
});

describe('3.2.2 absolute form', () => {
  it.each([
    ['http://a/b?c', '/b', 'c'],
    ['HTTP://A/b', '/b', ''],
    ['http://a', '/', ''],
    ['http://a?c', '/', 'c'],
    ['http://a:80/b', '/b', ''],
    ['http://a:/b', '/b', ''],
    ['http://a/b/../c', '/c', ''],
    ['http://a//b', '/b', ''],
    ['http://a/?u=http://b/', '/', 'u=http://b/'],
  ])('is accepted from any client: %s', async (target, path, query) => {
    expect(await seen(`GET ${target} HTTP/1.1`)).toMatchObject({ path, query, host: 'a', target });
  });

  it.each([
    ['http://b/', 'b', 'b'],
    ['http://B.Example:81/', 'b.example', 'B.Example:81'],
    ['http://a:0080/', 'a', 'a:0080'],
    ['http://b.example./', 'b.example', 'b.example.'],
    ['http://[::1]:8080/', '[::1]', '[::1]:8080'],
    ['http://b?a', 'b', 'b'],
    ['http://b', 'b', 'b'],
  ])('replaces a different Host: %s', async (target, host, field) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const line = `${method} ${target} HTTP/1.1`;
      const request = await seen(line, 'X-First: 1', 'hOST: other.example:99', 'X-Last: 2');
      expect(request).toMatchObject({ method, host });
      const fields = request?.fields ?? [];
      expect(fields.filter(([name]) => name === 'host')).toEqual([['host', field]]);
      expect(fields.filter(([name]) => name.startsWith('x-'))).toEqual([
        ['x-first', '1'],
        ['x-last', '2'],
      ]);
    }
  });

  it('does not affect the next request on the connection', async () => {
    const same = ['Host: other', 'X: y'];
    const { requests } = await recording.talk(
      message('GET http://b/1 HTTP/1.1', same) +
        message('GET /2 HTTP/1.1', same) +
        message('GET /3 HTTP/1.1', [...same, 'Connection: close']),
    );
    expect(requests.map(({ host }) => host)).toEqual(['b', 'other', 'other']);
  });

  it('does not replace two Hosts, or a malformed one', async () => {
    await refused(lines('GET http://a/ HTTP/1.1', 'Host: a', 'Host: a'));
    await refused(lines('GET http://a/ HTTP/1.0', 'Host: a', 'Host: b'));
    await refused(lines('GET http://a/ HTTP/1.1', 'Host: a b'));
  });

  if (onlyOverTcp('an https target is misdirected', HTTPS_IS_RIGHT))
    it('is misdirected if it is https and the connection has no TLS (RFC 9110 §7.4)', () =>
      refused(lines('GET https://a/ HTTP/1.1'), 421));

  it('gives the host if an HTTP/1.0 client sent none', async () => {
    const request = await seen('GET http://b/ HTTP/1.0', 'X: y');
    expect(request?.host).toBe('b');
    expect(request?.fields).toContainEqual(['host', 'b']);
  });

  it('does not make Host unnecessary in HTTP/1.1', () => refused(lines('GET http://a/ HTTP/1.1', 'X: y')));

  it.each([
    'http:///b',
    'http://:80/b',
    'http:/a/b',
    'http:a',
    'http//a',
    'http://',
    'http://a:b/',
    'http://a:65536/',
    'http://a:80:80/',
    'http://a%/b',
    'http://a%zz/b',
    'http://[::1/',
    'http://[a]/',
    'http://a/../..',
    'ftp://a/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    '://a/',
    'ws://a/',
  ])('has http, a host and perhaps a port: %s', (target) => refused(lines(`GET ${target} HTTP/1.1`)));

  it.each(['http://user@a/', 'http://user:password@a/', 'http://a@a/', 'http://@a/', 'http://b@a:80/'])(
    'has no user information (RFC 9110 §4.2.4): %s',
    (target) => refused(lines(`GET ${target} HTTP/1.1`)),
  );
});

describe('3.2.3 authority form', () => {
  it.each(['/', '*', 'a', 'http://a:80/', 'a:', ':80', 'a:b', 'u@a:80', 'a:80/', 'a:80?b'])(
    'is the only form of CONNECT: %s is another',
    (target) => refused(lines(`CONNECT ${target} HTTP/1.1`)),
  );

  it.each([
    ['405', 'a:80', ['Host: a']],
    ['405 with content', 'a:80', ['Host: a', 'Content-Length: 3']],
    ['405 with chunked content', 'a:80', ['Host: a', 'Transfer-Encoding: chunked']],
    ['400', '/', ['Host: a']],
    ['417', 'a:80', ['Host: a', 'Expect: x']],
  ])('closes the connection with %s: later bytes would be tunnel data', async (_, target, fields) => {
    const { statuses, requests } = await recording.talk(
      `${message(`CONNECT ${target} HTTP/1.1`, fields)}abc${message('GET /smuggled HTTP/1.1', ['Host: a'])}`,
    );
    expect(statuses).toHaveLength(1);
    expect(requests).toEqual([]);
  });

  it.each(['GET', 'POST', 'OPTIONS', 'FOO'])('is not a form of %s', (method) =>
    refused(lines(`${method} a:80 HTTP/1.1`)),
  );
});

describe('3.2.4 asterisk form', () => {
  it('is only used for OPTIONS', async () => {
    const { statuses, requests } = await recording.talk(
      lines('OPTIONS * HTTP/1.1', 'Host: a', 'Connection: close'),
    );
    expect(statuses).toEqual([204]);
    expect(requests).toEqual([]);
  });

  it.each(['GET', 'HEAD', 'POST', 'DELETE', 'FOO'])('is not a form of %s', (method) =>
    expectRefused(recording, lines(`${method} * HTTP/1.1`), 400, [method]),
  );

  it.each(['*?a', '*/', '**', '*a*'])('is one asterisk, not %s', (target) =>
    refused(lines(`OPTIONS ${target} HTTP/1.1`)),
  );
});
