import { startTestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

/** A body of undeclared length, which is sent in chunks. */
function chunked(...pieces: string[]): RequestInit {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(Buffer.from(piece));
      controller.close();
    },
  });
  return { method: 'POST', body, ...{ duplex: 'half' } };
}

describe('a redirect', () => {
  test.each([301, 302, 303, 307, 308])(
    'return %d URL sends Location and a page with the link',
    async (code) => {
      await using server = await startTestServer(`location /old { return ${code} /new?a=1&b=2; }`);
      const answer = await server.fetch('/old');
      expect(answer.status).toBe(code);
      expect(answer.headers.get('location')).toBe('/new?a=1&b=2');
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(await answer.text()).toContain('<a href="/new?a=1&amp;b=2">');
    },
  );

  test.each(['https://example.org/x', 'http://example.org/x', '/x', '$scheme://$host/x'])(
    'return URL is a 302: %s',
    async (url) => {
      await using server = await startTestServer(`return ${url};`);
      const answer = await server.fetch('/');
      expect(answer.status).toBe(302);
      expect(answer.headers.get('location')).toBe(url.replace('$scheme://$host', 'http://127.0.0.1'));
    },
  );

  test('fills variables in', async () => {
    await using server = await startTestServer(
      `server_name example.org;
       location /host { return 301 https://$host$request_uri; }
       location /uri { return 301 /new$uri$is_args$args; }`,
    );
    const there = await server.fetch('/host/a%20b?c=%2F');
    expect(there.headers.get('location')).toBe('https://127.0.0.1/host/a%20b?c=%2F');
    const here = await server.fetch('/uri/caf%C3%A9%20x?c=d');
    expect(here.headers.get('location')).toBe('/new/uri/caf%C3%A9%20x?c=d');
  });

  test('never leads away from a path by what the client sends', async () => {
    await using server = await startTestServer(
      `location /go { return 302 /$args; }
       location / { return 302 $request_uri; }`,
    );
    expect((await server.fetch('/go?/evil.example')).headers.get('location')).toBe('/evil.example');
    const answer = await server.raw(
      'GET //evil.example/%2e%2e HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/\r\nlocation: \/evil\.example\/%2e%2e\r\n/i);
  });

  test('has no header line more than its own, whatever line breaks are asked for', async () => {
    await using server = await startTestServer(
      `location = /written { return 302 "/to\\r\\nSet-Cookie: x=y"; }
       location / { return 302 /to$uri?$args; }`,
    );
    for (const target of ['/written', '/a%0d%0aSet-Cookie:%20x=y', '/a?%0d%0aSet-Cookie:%20x=y']) {
      const answer = await server.raw(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 (?:302|400) /);
      expect(answer).not.toMatch(/^Set-Cookie/im);
    }
  });

  test('of a HEAD has no body', async () => {
    await using server = await startTestServer('return 301 /new;');
    const answer = await server.raw('HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 301 /);
    expect(answer).toMatch(/\r\nlocation: \/new\r\n/i);
    expect(answer.endsWith('\r\n\r\n')).toBe(true);
  });
});

describe('a text', () => {
  test('is plain UTF-8, with its variables filled in', async () => {
    await using server = await startTestServer('location / { return 200 "héllo $request_method $uri\n"; }');
    const answer = await server.fetch('/x');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await answer.text()).toBe('héllo GET /x\n');
  });

  test('has the type that default_type chose, but is never something to save', async () => {
    await using server = await startTestServer(
      `default_type application/octet-stream;
       location /json { default_type application/json; return 200 '{"ok":true}'; }
       location / { return 200 text; }`,
    );
    expect((await server.fetch('/json')).headers.get('content-type')).toMatch(/^application\/json/);
    expect((await server.fetch('/')).headers.get('content-type')).toBe('text/plain; charset=utf-8');
  });

  test('goes with an error status too, instead of the error page', async () => {
    await using server = await startTestServer(
      'error_page 403 /403.txt; root www; location /no { return 403 "not you"; }',
      { 'www/403.txt': 'the page' },
    );
    const answer = await server.fetch('/no');
    expect(answer.status).toBe(403);
    expect(await answer.text()).toBe('not you');
  });
});

describe('a status', () => {
  test('of 400 or more becomes the error page', async () => {
    await using server = await startTestServer(
      'error_page 403 /403.html; root www; location /no { return 403; } location /gone { return 410; }',
      { 'www/403.html': 'our own page' },
    );
    const answer = await server.fetch('/no');
    expect(answer.status).toBe(403);
    expect(await answer.text()).toBe('our own page');
    const builtIn = await server.fetch('/gone');
    expect(builtIn.status).toBe(410);
    expect(await builtIn.text()).toContain('410');
  });

  test('200 alone is an empty answer', async () => {
    await using server = await startTestServer('return 200;');
    const answer = await server.fetch('/');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-length')).toBe('0');
    expect(answer.headers.get('content-type')).toBeNull();
  });

  test('204 has neither content nor length', async () => {
    await using server = await startTestServer('return 204;');
    const answer = await server.fetch('/');
    expect(answer.status).toBe(204);
    expect(answer.headers.get('content-length')).toBeNull();
    expect(await answer.text()).toBe('');
  });
});

describe('the request', () => {
  test.each(['GET', 'POST', 'PUT', 'DELETE', 'PATCH'])('may have any method: %s', async (method) => {
    await using server = await startTestServer('return 200 ok;');
    expect((await server.fetch('/', { method })).status).toBe(200);
  });

  test('is limited by methods', async () => {
    await using server = await startTestServer('methods GET; return 200 ok;');
    expect((await server.fetch('/')).status).toBe(200);
    const answer = await server.fetch('/', { method: 'POST' });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET');
  });

  test('has its body read to its end before a 2xx, within the limit', async () => {
    await using server = await startTestServer('client_max_body_size 100; return 200 ok;');
    const post = (size: number): Promise<Response> =>
      server.fetch('/', { method: 'POST', body: 'x'.repeat(size) });
    expect((await post(0)).status).toBe(200);
    expect((await post(100)).status).toBe(200);
    expect((await post(101)).status).toBe(413);
    expect((await server.fetch('/', chunked('x'.repeat(60), 'x'.repeat(40)))).status).toBe(200);
    expect((await server.fetch('/', chunked('x'.repeat(60), 'x'.repeat(41)))).status).toBe(413);
  });

  test('leaves the connection in step', async () => {
    await using server = await startTestServer(
      'location /a { return 200 first; } location /b { return 200 second; }',
    );
    const answer = await server.raw(
      'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello' +
        'GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    expect(answer).toMatch(/first.*second$/s);
  });
});

describe('where it holds', () => {
  test('a block around, unless the block has its own', async () => {
    await using server = await startTestServer(
      'return 301 https://example.org/; location /own { return 200 own; } location /sub { root www; }',
      { 'www/a.txt': 'a' },
    );
    expect((await server.fetch('/')).status).toBe(301);
    expect((await server.fetch('/sub/a.txt')).status).toBe(301);
    expect((await server.fetch('/own')).status).toBe(200);
  });
});

describe('a configuration that cannot work is refused', () => {
  test.each([
    ['return 301;', /301 is a redirect and needs a URL/],
    ['return 308 "";', /308 is a redirect and needs a URL/],
    ['return 100;', /expected a status from 200 to 599/],
    ['return 600 text;', /expected a status from 200 to 599/],
    ['return 304;', /expected a status from 200 to 599/],
    ['return somewhere;', /expected a status from 200 to 599, or a URL/],
    ['return 0200;', /expected a status from 200 to 599/],
    ['return 444;', /444 \(close without a response\) is not supported/],
    ['return 204 text;', /a 204 response has no content/],
    ['return 200 a b;', /return/],
    ['return;', /return/],
  ])('%s', async (directive, message) => {
    await expect(startTestServer(directive)).rejects.toThrow(message);
  });
});
