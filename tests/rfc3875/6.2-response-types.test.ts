import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prints, reflect, shell } from './scripts.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer('location / { root www; cgi .cgi; error_page 500 /sorry.html; }', {
    'www/document.cgi': prints('Content-Type: text/x-test\n\na document'),
    'www/missing.cgi': prints('Status: 404 Not here\nContent-Type: text/plain\n\nits own page'),
    'www/crlf.cgi': shell("printf 'Content-Type: text/plain\\r\\nStatus: 201 Created\\r\\n\\r\\nmade'"),
    'www/local.cgi': prints('Location: /target.txt?a=b\n'),
    'www/typed.cgi': prints('Content-Type: text/html\nLocation: /target.txt\n\nignored'),
    'www/cookie.cgi': prints(
      'Set-Cookie: a=1\nSet-Cookie: b=2\nLocation: /target.txt\nCache-Control: no-store\n',
    ),
    'www/accel.cgi': prints(
      'X-Accel-Redirect: /srv/secret/a\nContent-Type: text/plain\nX-Accel-Buffering: no\n\nbody',
    ),
    'www/sendfile.cgi': prints('X-Sendfile: /srv/secret/a\nContent-Type: text/plain\n\nbody'),
    'www/temporary.cgi': prints('X-Sendfile-Temporary: /srv/secret/a\nContent-Type: text/plain\n\nbody'),
    'www/lighttpd.cgi': prints('X-LIGHTTPD-send-file: /srv/secret/a\nLocation: /target.txt\nStatus: 302\n'),
    'www/to-script.cgi': prints('Location: /reflect.cgi/x%20y?a=b%20c\n'),
    'www/nowhere.cgi': prints('Location: /absent\n'),
    'www/loop.cgi': prints('Location: /loop.cgi\n'),
    'www/climb.cgi': prints('Location: /%2e%2e/%2e%2e/etc/passwd\n'),
    'www/split.cgi': shell("printf 'Location: /a\\rSet-Cookie: b\\n\\n'"),
    'www/client.cgi': prints('Location: http://example.org/a#b\n'),
    'www/php.cgi': prints('Status: 302 Found\nLocation: /target.txt\nContent-Type: text/html\n\nMoved.'),
    'www/moved.cgi': prints(
      'Location: https://example.org/\nStatus: 301 Moved\nContent-Type: text/html\n\nhere',
    ),
    'www/created.cgi': prints('Status: 201 Created\nLocation: /things/1\nContent-Type: text/plain\n\nmade'),
    'www/target.txt': 'the target',
    'www/sorry.html': 'sorry',
    'www/reflect.cgi': reflect,
  });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('6.2.1 document response', () => {
  it('returns a document, with status 200 assumed if it is omitted', async () => {
    const answer = await server.fetch('/document.cgi');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/x-test']);
    expect(await answer.text()).toBe('a document\n');
  });

  it('has an optional error code, and its document is not replaced by an error page', async () => {
    const answer = await server.fetch('/missing.cgi');
    expect(answer.status).toBe(404);
    expect(await answer.text()).toBe('its own page\n');
  });

  it('is modified to comply with the response protocol version', async () => {
    const answer = await server.raw('GET /crlf.cgi HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
    expect(answer.slice(0, answer.indexOf('\r\n\r\n')).replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(answer).toMatch(/\r\nTransfer-Encoding: chunked\r\n/);
    const old = await server.raw('GET /crlf.cgi HTTP/1.0\r\n\r\n');
    expect(old).not.toMatch(/transfer-encoding/i);
    expect(old).toMatch(/\r\n\r\nmade$/);
  });
});

describe('6.2.2 local redirect response', () => {
  it('with any other field is sent to the client, so that a cookie is not lost', async () => {
    const answer = await server.fetch('/cookie.cgi', { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/target.txt']);
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it.each(['/local.cgi', '/typed.cgi'])(
    'generates the response to the path in Location: %s',
    async (path) => {
      const answer = await server.fetch(path);
      expect([answer.status, answer.headers.get('location')]).toEqual([200, null]);
      expect(await answer.text()).toBe('the target');
    },
  );

  it('reprocesses the request with GET, without the message-body', async () => {
    const answer = await server.fetch('/to-script.cgi', { method: 'POST', body: 'gone' });
    const entries = (await answer.text()).split('\0');
    expect(entries).toEqual(
      expect.arrayContaining(['REQUEST_METHOD=GET', 'QUERY_STRING=a=b%20c', 'PATH_INFO=/x y']),
    );
    expect(entries.filter((entry) => /^CONTENT_/.test(entry))).toEqual([]);
  });

  it('has the header of the target alone for HEAD', async () => {
    const answer = await server.fetch('/local.cgi', { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, '10']);
  });

  it('to an absent path is 404', async () => {
    expect((await server.fetch('/nowhere.cgi')).status).toBe(404);
  });

  it('to itself ends with 500, with its error page', async () => {
    const answer = await server.fetch('/loop.cgi');
    expect(answer.status).toBe(500);
    expect(await answer.text()).toBe('sorry');
  });

  it.each(['/climb.cgi', '/split.cgi'])(
    'to a value that is not a path of this server is 502: %s',
    async (path) => {
      expect((await server.fetch(path)).status).toBe(502);
    },
  );
});

describe('6.2.3 client redirect response', () => {
  it('generates a 302 Found', async () => {
    const answer = await server.fetch('/client.cgi');
    expect([answer.status, answer.headers.get('location')]).toEqual([302, 'http://example.org/a#b']);
  });
});

describe('6.2.4 client redirect response with document', () => {
  it.each([
    ['/moved.cgi', 301, 'https://example.org/', 'here\n'],
    ['/php.cgi', 302, '/target.txt', 'Moved.\n'],
    ['/created.cgi', 201, '/things/1', 'made\n'],
  ])('has the Status it supplies, and the document: %s', async (path, status, location, content) => {
    const answer = await server.fetch(path);
    expect([answer.status, answer.headers.get('location')]).toEqual([status, location]);
    expect(await answer.text()).toBe(content);
  });
});

describe('fields that make a server send a file', () => {
  it.each(['/accel.cgi', '/sendfile.cgi', '/temporary.cgi', '/lighttpd.cgi'])(
    'never leave it, and are logged once: %s',
    async (path) => {
      const answer = await server.fetch(path, { redirect: 'manual' });
      expect([...answer.headers.keys()].filter((name) => /^x-/.test(name))).toEqual([]);
      expect(JSON.stringify([...answer.headers])).not.toContain('/srv/secret');
      // Once for the script, however many requests run it.
      await server.fetch(path, { redirect: 'manual' });
      const warning = new RegExp(`${path.slice(1)}: x-[a-z-]+ is not supported`);
      expect(server.log.filter((line) => warning.test(line))).toHaveLength(1);
    },
  );
});
