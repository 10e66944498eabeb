import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

interface Answer {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
}

async function ask(
  server: TestServer,
  method: string,
  target: string,
  fields: Record<string, string>,
): Promise<Answer> {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const answer = await server.raw(
    `${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines.join('')}\r\n`,
  );
  const [first = '', ...rest] = answer.slice(0, answer.indexOf('\r\n\r\n')).split('\r\n');
  return {
    status: Number(first.split(' ')[1]),
    fields: new Map(
      rest.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    ),
  };
}

const get = (server: TestServer, origin?: string, target = '/'): Promise<Answer> =>
  ask(server, 'GET', target, origin === undefined ? {} : { Origin: origin });

const preflight = (
  server: TestServer,
  origin: string,
  method: string,
  headers?: string,
  target = '/',
): Promise<Answer> =>
  ask(server, 'OPTIONS', target, {
    Origin: origin,
    'Access-Control-Request-Method': method,
    ...(headers === undefined ? {} : { 'Access-Control-Request-Headers': headers }),
  });

const allowed = ({ fields }: Answer): string | undefined => fields.get('access-control-allow-origin');

describe('the origin', () => {
  test('any: everybody gets the same answer', async () => {
    await using server = await startTestServer('return 200 ok; cors *;');
    for (const origin of [undefined, 'https://a.example', 'null']) {
      const answer = await get(server, origin);
      expect(allowed(answer)).toBe('*');
      expect(answer.fields.has('vary')).toBe(false);
    }
  });

  test('listed: only these, and every answer says that it depends on it', async () => {
    await using server = await startTestServer(
      'return 200 ok; cors https://a.example HTTPS://B.example:443 http://localhost:3000 app://host;',
    );
    for (const origin of ['https://a.example', 'https://b.example', 'http://localhost:3000', 'app://host']) {
      const answer = await get(server, origin);
      expect(allowed(answer)).toBe(origin);
      expect(answer.fields.get('vary')).toBe('origin');
    }
    for (const origin of [
      undefined,
      'null',
      'http://a.example',
      'https://a.example:8443',
      'https://a.example.evil.example',
      'https://xa.example',
      'http://localhost',
    ]) {
      const answer = await get(server, origin);
      expect({ origin, allowed: allowed(answer) }).toEqual({ origin, allowed: undefined });
      expect(answer.fields.get('vary')).toBe('origin');
    }
  });

  test('of a family: every host below, and no other', async () => {
    await using server = await startTestServer('return 200 ok; cors https://*.example.org;');
    for (const origin of ['https://a.example.org', 'https://a.b.example.org'])
      expect(allowed(await get(server, origin))).toBe(origin);
    for (const origin of [
      'https://example.org',
      'https://.example.org',
      'https://evilexample.org',
      'https://evil.example/.example.org',
      'https://a.example.org:444',
      'https://a.example.org.evil.example',
    ]) {
      expect({ origin, allowed: allowed(await get(server, origin)) }).toEqual({ origin, allowed: undefined });
    }
  });

  test('may read errors too', async () => {
    await using server = await startTestServer('root www; cors https://a.example;', { 'www/': null });
    const answer = await get(server, 'https://a.example', '/none');
    expect([answer.status, allowed(answer)]).toEqual([404, 'https://a.example']);
  });

  test('is added to what the answer varies by already', async () => {
    await using server = await startTestServer('root www; autoindex on; cors https://a.example;', {
      'www/': null,
    });
    expect((await get(server)).fields.get('vary')).toBe('accept, origin');
  });

  test('is off in a block that says so', async () => {
    await using server = await startTestServer('return 200; cors *; location /off { cors off; }');
    expect(allowed(await get(server, 'https://a.example'))).toBe('*');
    expect(allowed(await get(server, 'https://a.example', '/off'))).toBeUndefined();
  });
});

test('credentials and fields to read go with permission only', async () => {
  await using server = await startTestServer(
    'return 200; cors https://a.example; cors_credentials on; cors_expose ETag X-Total;',
  );
  const { fields } = await get(server, 'https://a.example');
  expect(fields.get('access-control-allow-credentials')).toBe('true');
  expect(fields.get('access-control-expose-headers')).toBe('etag, x-total');
  const other = await get(server, 'https://b.example');
  expect([...other.fields.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
});

describe('a preflight', () => {
  test('is told what the route takes, and is allowed the fields it asks for', async () => {
    await using server = await startTestServer('root www; cors https://a.example; cors_max_age 1h;', {
      'www/': null,
    });
    const { status, fields } = await preflight(server, 'https://a.example', 'PUT', 'content-type, x-a');
    expect(status).toBe(204);
    expect(fields.get('access-control-allow-origin')).toBe('https://a.example');
    expect(fields.get('access-control-allow-methods')).toBe('GET, HEAD');
    expect(fields.get('access-control-allow-headers')).toBe('content-type, x-a');
    expect(fields.get('access-control-max-age')).toBe('3600');
    expect(fields.get('vary')).toBe('access-control-request-headers, origin');
  });

  test('is told what the configuration says', async () => {
    await using server = await startTestServer(
      'return 200; cors *; cors_methods GET PUT; cors_headers Content-Type X-Token;',
    );
    const { fields } = await preflight(server, 'https://a.example', 'PUT', 'x-other');
    expect(fields.get('access-control-allow-methods')).toBe('GET, PUT');
    expect(fields.get('access-control-allow-headers')).toBe('content-type, x-token');
    expect(fields.has('access-control-max-age')).toBe(false);
  });

  test('of another origin has no permission', async () => {
    await using server = await startTestServer('return 200; cors https://a.example;');
    const answer = await preflight(server, 'https://b.example', 'PUT');
    expect(answer.status).toBe(204);
    expect(allowed(answer)).toBeUndefined();
    expect(answer.fields.get('vary')).toContain('origin');
  });

  test('is answered before a redirect and a script', async () => {
    await using server = await startTestServer(
      'root www; cors *; location /r { return 301 /x; } location *.sh { cgi .sh sh; }',
      { 'www/a.sh': 'printf "Status: 200\\nX-Ran: yes\\n\\n"' },
    );
    expect((await preflight(server, 'https://a.example', 'GET', undefined, '/r')).status).toBe(204);
    const script = await preflight(server, 'https://a.example', 'POST', undefined, '/a.sh');
    expect([script.status, script.fields.has('x-ran')]).toEqual([204, false]);
  });

  test('is answered before a password is asked for; the answer that asks for it may be read', async () => {
    await using server = await startTestServer(
      'root www; cors https://a.example; cors_credentials on; auth_basic x; auth_basic_user_file users;',
      { 'www/': null, users: 'ann:{SHA}6dcfXufJLW3J6S/9rRe4vUlBj5g=\n' },
    );
    const answer = await preflight(server, 'https://a.example', 'GET', 'authorization');
    expect([answer.status, answer.fields.get('access-control-allow-headers')]).toEqual([
      204,
      'authorization',
    ]);
    const refused = await get(server, 'https://a.example');
    expect([refused.status, allowed(refused)]).toEqual([401, 'https://a.example']);
  });

  test.each(['', 'error_page 405 /405.txt;', 'error_page 405 =200 /405.txt;'])(
    'is answered where methods leaves OPTIONS out: %s',
    async (errorPage) => {
      await using server = await startTestServer(`root www; methods GET POST; cors *; ${errorPage}`, {
        'www/405.txt': 'no',
      });
      const answer = await preflight(server, 'https://a.example', 'POST');
      expect(answer.status).toBe(204);
      expect(answer.fields.get('access-control-allow-methods')).toBe('GET, POST');
      expect(allowed(answer)).toBe('*');
      const refused = await ask(server, 'DELETE', '/', { Origin: 'https://a.example' });
      expect(refused.status).toBe(errorPage.includes('=200') ? 200 : 405);
    },
  );

  test('is only what a browser asks: any other OPTIONS is answered as without', async () => {
    await using server = await startTestServer('root www; cors *;', { 'www/a.txt': '' });
    const answer = await ask(server, 'OPTIONS', '/a.txt', { Origin: 'https://a.example' });
    expect(answer.status).toBe(204);
    expect(answer.fields.get('allow')).toBe('GET, HEAD, OPTIONS');
    expect(answer.fields.has('access-control-allow-methods')).toBe(false);
  });

  test('has nothing of a request that is no list of names', async () => {
    await using server = await startTestServer('return 200; cors *;');
    for (const hostile of ['a: b', 'x<script>', `x${',y'.repeat(2000)}`]) {
      const answer = await preflight(server, 'https://a.example', 'GET', hostile);
      expect(answer.fields.has('access-control-allow-headers')).toBe(false);
    }
  });
});

test.each([
  ['cors *; cors_credentials on;', '"cors *" cannot be combined with "cors_credentials on"'],
  ['cors https://a.example; cors_credentials on; cors_expose *;', '"cors_expose *" cannot be combined'],
  ['cors null;', 'the origin of all sandboxed frames'],
  ['cors example.org;', 'did you mean "https://example.org"?'],
  ['cors https://example.org/;', 'without a path or trailing slash'],
  ['cors https://exämple.org;', 'punycode'],
  ['cors * https://a.example;', '"*" takes no further arguments'],
  ['cors off https://a.example;', '"off" takes no further arguments'],
  ['cors_methods get;', 'did you mean "GET"?'],
  ['cors_headers *;', 'omit cors_headers'],
  ['cors_headers "a b";', 'expected the name of a header field'],
])('%s is refused at load', async (conf, message) => {
  await expect(startTestServer(`return 200; ${conf}`)).rejects.toThrow(message);
});

test('a mistake that many blocks inherit is told once', async () => {
  const refused = startTestServer(
    'return 200; cors *; cors_credentials on; location /a { return 200; } location /b { return 200; }',
  );
  const message = await refused.catch((error: unknown) => String(error));
  expect(String(message).match(/cannot be combined with/g)).toHaveLength(1);
});
