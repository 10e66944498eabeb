import { definePlugin, flag, type Response, Stage } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

/** Responds with its own fields, as an application would. */
const application = definePlugin({
  name: 'application',
  directives: { application: flag({ default: false, help: 'answers' }) },
  apply({ options, hooks }) {
    if (!options.application) return;
    const answer: Response = Object.freeze({
      status: 200,
      headers: {
        'x-powered-by': 'secret 1.2',
        'x-frame-options': 'SAMEORIGIN',
        'set-cookie': 'a=1',
        vary: 'Accept, Cookie',
      },
      body: 'ok',
    });
    hooks.onRoute.tap({ stage: Stage.handler }, () => answer);
  },
});

const start = (conf: string, files = {}): Promise<TestServer> =>
  startTestServer(conf, files, { plugins: [application] });

async function head(server: TestServer, target = '/'): Promise<string[]> {
  const answer = await server.raw(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  return answer.slice(0, answer.indexOf('\r\n\r\n')).split('\r\n');
}

describe('add_header', () => {
  test.each([200, 201, 204, 301, 302, 303, 307, 308])('adds to a %d', async (status) => {
    await using server = await start(`return ${status}${status === 204 ? '' : ' /x'}; add_header X-One 1;`);
    expect(await head(server)).toContain('X-One: 1');
  });

  test('adds to 206 and 304', async () => {
    await using server = await start('root www; add_header X-One 1;', { 'www/a.txt': 'hello' });
    const part = await server.fetch('/a.txt', { headers: { range: 'bytes=0-1' } });
    expect([part.status, part.headers.get('x-one')]).toEqual([206, '1']);
    const etag = part.headers.get('etag') ?? '';
    const same = await server.fetch('/a.txt', { headers: { 'if-none-match': etag } });
    expect([same.status, same.headers.get('x-one')]).toEqual([304, '1']);
  });

  test('adds to errors only with always', async () => {
    await using server = await start(
      'location / { return 404; add_header X-One 1; add_header X-Two 2 always; }',
    );
    const lines = await head(server);
    expect(lines[0]).toBe('HTTP/1.1 404 Not Found');
    expect(lines).toContain('X-Two: 2');
    expect(lines.join()).not.toMatch(/x-one/i);
  });

  test('of an inner block adds to those of the outer ones, from main on', async () => {
    await using server = await startTestServer(
      `add_header X-Main m;
       server { listen 127.0.0.1:0; add_header X-Server s;
         location /in { add_header X-Location l; return 200; }
         location / { return 200; } }`,
    );
    expect(await head(server, '/in')).toEqual(
      expect.arrayContaining(['X-Main: m', 'X-Server: s', 'X-Location: l']),
    );
    expect((await head(server)).join()).not.toContain('X-Location');
  });

  test('of an inner block replaces all values of the same name, and takes them out with an empty one', async () => {
    await using server = await start(
      `add_header X-One a; add_header x-one b; add_header X-Two 2; return 200;
       location /other { add_header X-ONE c; }
       location /none { add_header X-One ""; }`,
    );
    expect((await head(server)).filter((line) => line.startsWith('X-One'))).toEqual(['X-One: a', 'X-One: b']);
    const other = await head(server, '/other');
    expect(other.filter((line) => /^x-one/i.test(line))).toEqual(['X-ONE: c']);
    const none = await head(server, '/none');
    expect(none.join()).not.toContain('X-One');
    expect(none).toContain('X-Two: 2');
  });

  test('replaces what the answer had, adds a cookie, and adds to what it varies by', async () => {
    await using server = await start(
      `application on; add_header X-Frame-Options DENY; add_header Set-Cookie "b=2; Secure"; add_header Set-Cookie c=3;
       add_header Vary cookie; add_header Vary "Origin, accept";`,
    );
    const lines = await head(server);
    expect(lines.filter((line) => /^x-frame/i.test(line))).toEqual(['X-Frame-Options: DENY']);
    expect(lines.filter((line) => /^set-cookie/i.test(line))).toEqual([
      'Set-Cookie: a=1',
      'Set-Cookie: b=2; Secure',
      'Set-Cookie: c=3',
    ]);
    expect(lines.filter((line) => /^vary/i.test(line))).toEqual(['Vary: Accept, Cookie, Origin']);
  });

  test('with an empty value takes out what the application says, whatever the status', async () => {
    await using server = await start('application on; add_header X-Powered-By "";');
    expect((await head(server)).join()).not.toContain('Powered');
  });

  test('fills variables in, and adds nothing where they are empty', async () => {
    await using server = await start(
      'return 200; add_header X-Path "$request_method $uri"; add_header X-Arg $arg_a; add_header X-Price "5 $$";',
    );
    const lines = await head(server, '/b%20c');
    expect(lines).toEqual(expect.arrayContaining(['X-Path: GET /b c', 'X-Price: 5 $']));
    expect(lines.join()).not.toContain('X-Arg');
    expect(await head(server, '/?a=1')).toContain('X-Arg: 1');
  });

  test('sends what is beyond ASCII as UTF-8', async () => {
    await using server = await start('return 200; add_header X-Name "é€"; add_header X-Path $uri;');
    const lines = (await head(server, '/%E2%82%AC')).map((line) => Buffer.from(line, 'latin1').toString());
    expect(lines).toEqual(expect.arrayContaining(['X-Name: é€', 'X-Path: /€']));
  });

  test('has no line break or control character from a variable', async () => {
    await using server = await start('return 200; add_header X-Arg $arg_a; add_header X-Query $http_x;');
    expect((await head(server, '/?a=%0d%0aSet-Cookie:x')).join()).not.toMatch(/\nset-cookie/i);
    await using decoded = await start('location / { return 200; add_header X-Path $uri; }');
    for (const target of ['/a%0d%0aSet-Cookie:x=y', '/a%01', '/a%7f']) {
      const lines = await head(decoded, target);
      // Bytes that are not text stay encoded in a path.
      expect(lines.join('\n')).not.toMatch(/^set-cookie|[^ -~\n]/im);
    }
  });

  test('holds for error pages, with the block the page comes from', async () => {
    await using server = await start(
      'root www; error_page 404 /404.html; add_header X-One 1 always; location /a { add_header X-Two 2 always; }',
      { 'www/404.html': 'gone' },
    );
    const lines = await head(server, '/a/none');
    expect(lines[0]).toMatch(/ 404 /);
    expect(lines).toContain('X-One: 1');
    expect(lines).not.toContain('X-Two: 2');
  });

  test('gives a frozen answer one frozen answer, so that its bytes are kept', async () => {
    const seen = new Set<Response>();
    const watcher = definePlugin({
      name: 'watcher',
      apply: ({ hooks }) =>
        hooks.onResponse.tap({ stage: 10_000 }, (response) => {
          seen.add(response);
          return response;
        }),
    });
    await using server = await startTestServer(
      'application on; add_header X-One 1; cors https://a.example;',
      {},
      { plugins: [application, watcher] },
    );
    for (let count = 0; count < 3; count += 1) await server.fetch('/');
    expect(seen.size).toBe(1);
    expect([...seen].every(Object.isFrozen)).toBe(true);
    for (let count = 0; count < 3; count += 1)
      await server.raw('GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\nConnection: close\r\n\r\n');
    expect(seen.size).toBe(2);
  });

  test.each([
    ['add_header "X Y" 1;', 'expected the name of a header field, got "X Y"'],
    ['add_header X-One: 1;', 'without its colon'],
    ['add_header "" 1;', 'expected the name'],
    ['add_header Content-Length 1;', '"Content-Length" is set by the server'],
    ['add_header transfer-encoding chunked;', 'is set by the server and cannot be changed'],
    ['add_header Connection close;', 'is set by the server and cannot be changed'],
    ['add_header Date x;', 'is set by the server and cannot be changed'],
    ['add_header Server x;', 'is set by the server and cannot be changed'],
    ['add_header X-One "a\\r\\nX-Two: b";', 'control characters are not allowed in a header field'],
    ['add_header X-One a b;', 'expected "always" or the end of the directive, got "b"'],
    ['add_header X-One $nothing;', 'there is no variable "$nothing"'],
  ])('%s is refused at load', async (conf, message) => {
    await expect(start(conf)).rejects.toThrow(message);
  });

  test('has a field of any name, __proto__ too', async () => {
    await using server = await start('return 200; add_header __proto__ x;');
    expect((await head(server)).join('\n')).toMatch(/^__proto__: x$/im);
  });
});
