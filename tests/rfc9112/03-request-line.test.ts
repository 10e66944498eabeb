import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefused, message, type RecordingServer, startRecording } from '../wire/talk.js';

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

describe('3 request line', () => {
  it.each([
    ['two spaces before the target', 'GET  / HTTP/1.1'],
    ['two spaces before the version', 'GET /  HTTP/1.1'],
    ['a tab before the target', 'GET\t/ HTTP/1.1'],
    ['a tab before the version', 'GET /\tHTTP/1.1'],
    ['a leading space', ' GET / HTTP/1.1'],
    ['a trailing space', 'GET / HTTP/1.1 '],
    ['no space before the version', 'GET /HTTP/1.1'],
    ['no target', 'GET HTTP/1.1'],
    ['an empty target', 'GET  HTTP/1.1'],
    ['no method', '/ HTTP/1.1'],
    ['no version', 'GET /'],
    ['only a method', 'GET'],
    ['a space in the target', 'GET /a b HTTP/1.1'],
    ['a vertical tab for a space', 'GET\x0b/ HTTP/1.1'],
    ['a form feed for a space', 'GET /\x0cHTTP/1.1'],
    ['a no-break space for a space', 'GET\xa0/ HTTP/1.1'],
  ])('is method SP target SP version and nothing else: %s', (_, line) => refused(lines(line)));

  it('answers 414 to a request line longer than any it is configured to parse', async () => {
    const target = (length: number) => `/${'a'.repeat(length - 'GET / HTTP/1.1'.length)}`;
    expect((await seen(`GET ${target(8192)} HTTP/1.1`))?.path).toHaveLength(8192 - 13);
    await refused(lines(`GET ${target(8193)} HTTP/1.1`), 414);
    await refused(lines(`GET ${target(100_000)} HTTP/1.1`), 414);
    await refused(lines(`GET /?${target(100_000)} HTTP/1.1`), 414);
  });

  it('takes the longest request line from the configuration', async () => {
    await using small = await startRecording('client_max_request_line 1k;');
    await expectRefused(small, lines(`GET /${'a'.repeat(1100)} HTTP/1.1`), 414);
  });

  it('supports request lines of 8000 bytes', async () => {
    expect((await seen(`GET /${'a'.repeat(8000 - 14)} HTTP/1.1`))?.path).toHaveLength(8000 - 13);
  });
});

describe('3.1 method', () => {
  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])(
    'executes %s as it is spelled',
    async (method) => {
      const { requests } = await recording.talk(
        message(`${method} / HTTP/1.1`, ['Host: a', 'Content-Length: 0', 'Connection: close']),
        [method],
      );
      expect(requests).toMatchObject([{ method }]);
    },
  );

  it.each(['get', 'Get', 'GeT', 'post', 'PROPFIND', 'FOO', 'X', "!#$%&'*+-.^_`|~09az"])(
    'is case-sensitive and any token: %s is one nobody implements',
    async (method) => {
      const { statuses, requests } = await recording.talk(
        message(`${method} / HTTP/1.1`, ['Host: a', 'Connection: close']),
      );
      expect(statuses).toEqual([501]);
      expect(requests).toEqual([]);
    },
  );

  it.each([
    'GE(T',
    'G"ET',
    'GET,',
    'G/ET',
    'G:ET',
    'G;ET',
    'G<ET',
    'G=ET',
    'G@ET',
    'G[ET',
    'G\\ET',
    'G{ET',
    'G\x7fET',
    'G\0ET',
    'G\xe9T',
  ])('is a token: %j is none', (method) => refused(lines(`${method} / HTTP/1.1`)));

  it('refuses a method longer than any there is', async () => {
    await refused(lines(`${'A'.repeat(33)} / HTTP/1.1`));
    await refused(lines(`${'A'.repeat(100_000)} / HTTP/1.1`));
  });
});

describe('3.2 request target', () => {
  it.each([
    'é',
    '\x80',
    '\xff',
    '\xc0\xaf',
    '\\',
    '#',
    '"',
    '<',
    '>',
    '^',
    '`',
    '{',
    '}',
    '\0',
    '\x01',
    '\x1f',
    '\x7f',
    '\t',
  ])('holds only characters that a path may have (RFC 3986 §3.3): not %j', (character) =>
    refused(lines(`GET /a${character}b HTTP/1.1`)),
  );

  it.each(['\x80', '\xff', '\\', '#', '"', '<', '>', '\0', '\x7f', '\t'])(
    'holds only characters that a query may have: not %j',
    (character) => refused(lines(`GET /?a${character}b HTTP/1.1`)),
  );

  it.each(['/a#b', '/?a#b', '/#', '#a', 'http://a/#b'])('has no fragment: %s', (target) =>
    refused(lines(`GET ${target} HTTP/1.1`)),
  );

  it.each(['/%', '/%1', '/%zz', '/%-1', '/%1g', '/?%', '/?%0', '/?%xx', '/%%', '/% 1', '/%u0041'])(
    'has two hexadecimal digits behind each percent sign: %s',
    (target) => refused(lines(`GET ${target} HTTP/1.1`)),
  );

  it.each(['/%00', '/a%00.txt', '/%0d', '/%0D%0A', '/%0aX', '/?a=%00', '/?%0d%0aX'])(
    'has no encoded NUL, CR or LF in any part: %s',
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

  it.each(['/%C0%AF', '/%c0%80', '/%ff', '/%ED%A0%80', '/%F5%80%80%80', '/%e2%82', '/%80'])(
    'refuses an encoded path that is not UTF-8, overlong forms and surrogates too: %s',
    (target) => refused(lines(`GET ${target} HTTP/1.1`)),
  );

  it.each(['/a%2fb', '/a%2Fb', '/a%5cb', '/%2e%2e%2f', '/%01', '/%1f', '/%7f'])(
    'refuses an encoded slash, backslash or control in a path: %s',
    (target) => refused(lines(`GET ${target} HTTP/1.1`)),
  );

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

  it('tells an empty query', async () => {
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

  it.each(['http://b/', 'http://a:81/', 'http://a.b/', 'http://aa/', 'http://b?a', 'http://b'])(
    'is refused where Host says something else: %s',
    (target) => refused(lines(`GET ${target} HTTP/1.1`)),
  );

  it('compares host and port as they are meant: without case, with the default port', async () => {
    expect((await seen('GET http://EXAMPLE.org/ HTTP/1.1', 'Host: example.ORG:80'))?.host).toBe(
      'example.org',
    );
    expect((await seen('GET http://a:0080/ HTTP/1.1', 'Host: a'))?.host).toBe('a');
    expect((await seen('GET http://[::1]:8080/ HTTP/1.1', 'Host: [::1]:8080'))?.host).toBe('[::1]');
  });

  it('names the host where an HTTP/1.0 client sent none', async () => {
    expect((await seen('GET http://b/ HTTP/1.0', 'X: y'))?.host).toBe('b');
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

describe('3.2, 3.3 Host', () => {
  it('is answered with 400 where an HTTP/1.1 request lacks it', () =>
    refused(lines('GET / HTTP/1.1', 'X: y')));

  it.each([
    ['twice the same', ['Host: a', 'Host: a']],
    ['twice, different', ['Host: a', 'Host: b']],
    ['twice, in two spellings', ['Host: a', 'X: y', 'HOST: a']],
  ])('is answered with 400 where it stands more than once: %s', async (_, fields) => {
    await refused(lines('GET / HTTP/1.1', ...fields));
    await refused(lines('GET / HTTP/1.0', ...fields));
  });

  it.each([
    '',
    ' ',
    ':80',
    'a b',
    'a:b',
    'a:80:80',
    'a:-1',
    'a:65536',
    'a:999999',
    'a: 80',
    'a/b',
    'a/',
    'a?b',
    'a#b',
    'u@a',
    'http://a',
    'a\\b',
    'a\x80',
    'é',
    'a%',
    'a%4',
    'a%zz',
    '[::1',
    '::1]',
    '::1',
    '[::1]a',
    '[::1]:x',
    '[]',
    '[:]',
    '[::::]',
    '[1.2.3.4]',
    '[::1%25eth0]',
    '[v1.a]',
    '[12345::]',
    'a"b',
    '<a>',
    'a\tb',
    'a{b}',
    'a|b',
    'a^b',
  ])('is answered with 400 where its value is invalid: %j', async (value) => {
    await refused(lines('GET / HTTP/1.1', `Host: ${value}`));
    await refused(lines('GET / HTTP/1.0', `Host: ${value}`));
  });

  it.each([
    ['a', 'a'],
    ['A.Example', 'a.example'],
    ['a:80', 'a'],
    ['a:', 'a'],
    ['127.0.0.1:8080', '127.0.0.1'],
    ['[::1]', '[::1]'],
    ['[2001:DB8::1]:443', '[2001:db8::1]'],
    ['[::ffff:1.2.3.4]', '[::ffff:1.2.3.4]'],
    ['a_b', 'a_b'],
    ['a.', 'a.'],
    ["a-._~!$&'()*+,;=", "a-._~!$&'()*+,;="],
    [' \ta \t', 'a'],
  ])('is a host with an optional port: %j', async (value, host) => {
    expect((await seen('GET / HTTP/1.1', `Host: ${value}`))?.host).toBe(host);
  });

  it('need not be there in HTTP/1.0', async () => {
    expect((await seen('GET / HTTP/1.0', 'X: y'))?.host).toBe('');
  });

  it('is not taken from a field that looks like it', async () => {
    await refused(lines('GET / HTTP/1.1', 'X-Host: a'));
    await refused(lines('GET / HTTP/1.1', 'H_ost: a'));
  });
});
