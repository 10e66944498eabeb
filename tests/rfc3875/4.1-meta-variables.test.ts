import { definePlugin, Stage } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawReflection, reflect, reflection } from './scripts.js';

/** Authenticates every client as `guest`, as an authentication plugin would. */
const guests = definePlugin({
  name: 'guests',
  apply({ hooks }) {
    hooks.onRoute.tap({ stage: Stage.access }, (exchange) => {
      if (exchange.request.path.startsWith('/guests/')) {
        exchange.setVariable('remote_user', 'guest');
        exchange.setVariable('auth_type', 'Basic');
      }
      return undefined;
    });
  },
});

const conf = `
  root www;
  cgi .cgi;
  location /rest { root www; cgi_path_info rest; }
  location /full { root www; cgi_path_info full; }
  location /off { root www; cgi_path_info off; }
  location /env { root www; cgi_env APP_MODE "for $host"; cgi_env SERVER_SOFTWARE other; }
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(
    conf,
    { 'www/a.cgi': reflect, 'www/guests/a.cgi': reflect },
    { plugins: [guests] },
  );
});
afterAll(() => server[Symbol.asyncDispose]());

const get = async (path: string, init?: RequestInit) => (await reflection(server, path, init)).environment;
const raw = async (lines: string, content = '', method = 'GET') => {
  const request = `${method} /a.cgi HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines}\r\n${content}`;
  return rawReflection(server, request);
};

describe('4.1 request meta-variables', () => {
  it('contain data about the request and nothing inherited from the server', async () => {
    process.env.WEBSERV_TEST_SECRET = 'secret';
    const { WEBSERV_TEST_SECRET, HOME, USER, NODE_ENV, ...environment } = await get('/a.cgi');
    delete process.env.WEBSERV_TEST_SECRET;
    expect([WEBSERV_TEST_SECRET, HOME, USER, NODE_ENV]).toEqual([undefined, undefined, undefined, undefined]);
    expect(environment.PATH).toBe('/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
  });

  it('may be joined by the configuration’s own, which win', async () => {
    const environment = await get('/env/a.cgi');
    expect(environment.APP_MODE).toBe('for 127.0.0.1');
    expect(environment.SERVER_SOFTWARE).toBe('other');
    expect((await get('/a.cgi')).APP_MODE).toBeUndefined();
  });
});

describe('4.1.1 AUTH_TYPE and 4.1.11 REMOTE_USER', () => {
  it('identify the mechanism used by the server to authenticate the user, and the user', async () => {
    const environment = await get('/guests/a.cgi');
    expect(environment.AUTH_TYPE).toBe('Basic');
    expect(environment.REMOTE_USER).toBe('guest');
  });

  it('are not set if the server did not authenticate the user', async () => {
    const environment = await get('/a.cgi', { headers: { authorization: 'Basic Z3Vlc3Q6' } });
    expect(environment.AUTH_TYPE).toBeUndefined();
    expect(environment.REMOTE_USER).toBeUndefined();
  });
});

describe('4.1.2 CONTENT_LENGTH', () => {
  it('contains the size of the message-body', async () => {
    expect((await get('/a.cgi', { method: 'POST', body: 'äbc' })).CONTENT_LENGTH).toBe('4');
  });

  it('is set if and only if the request is accompanied by a message-body', async () => {
    expect((await get('/a.cgi')).CONTENT_LENGTH).toBeUndefined();
    expect((await raw('', '', 'POST')).environment.CONTENT_LENGTH).toBeUndefined();
    expect((await raw('Content-Length: 0\r\n', '', 'POST')).environment.CONTENT_LENGTH).toBe('0');
    expect((await raw('Content-Length: 2\r\n', 'hi')).environment.CONTENT_LENGTH).toBe('2');
  });

  it('reflects the length after the server has removed any transfer-codings', async () => {
    const chunked = '5;name=value\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: x\r\n\r\n';
    const seen = await raw('Transfer-Encoding: chunked\r\n', chunked, 'POST');
    expect(seen.environment.CONTENT_LENGTH).toBe('11');
    expect(seen.body).toBe('hello world');
    expect(seen.environment.HTTP_TRANSFER_ENCODING).toBeUndefined();
    expect(seen.environment.HTTP_X_TRAILER).toBeUndefined();
    const empty = await raw('Transfer-Encoding: chunked\r\n', '0\r\n\r\n', 'POST');
    expect(empty.environment.CONTENT_LENGTH).toBe('0');
  });
});

describe('4.1.3 CONTENT_TYPE', () => {
  it('is set if a Content-Type field is present, and omitted otherwise', async () => {
    const type = 'text/x-test; charset="utf-8"';
    const request = { method: 'POST', body: 'x', headers: { 'content-type': type } };
    expect((await get('/a.cgi', request)).CONTENT_TYPE).toBe(type);
    expect((await raw('Content-Length: 1\r\n', 'x', 'POST')).environment.CONTENT_TYPE).toBeUndefined();
  });
});

describe('4.1.4 GATEWAY_INTERFACE', () => {
  it('is the dialect of CGI', async () => {
    expect((await get('/a.cgi')).GATEWAY_INTERFACE).toBe('CGI/1.1');
  });
});

describe('4.1.5 PATH_INFO', () => {
  it('is derived from the portion of the path following the script', async () => {
    expect((await get('/a.cgi?x')).PATH_INFO).toBe('');
    expect((await get('/a.cgi/?x')).PATH_INFO).toBe('/');
    expect((await get('/a.cgi/b/c/?x')).PATH_INFO).toBe('/b/c/');
  });

  it('is the full path of the request with cgi_path_info full', async () => {
    expect((await get('/full/a.cgi?x')).PATH_INFO).toBe('/full/a.cgi');
    expect((await get('/full/a.cgi/b/c?x')).PATH_INFO).toBe('/full/a.cgi/b/c');
  });

  it('is never set with cgi_path_info off: a longer path is 404', async () => {
    expect((await get('/off/a.cgi')).PATH_INFO).toBe('');
    for (const path of ['/off/a.cgi/', '/off/a.cgi/b'])
      expect((await server.fetch(path)).status, path).toBe(404);
  });

  it('is not URL-encoded, and the case of the path is preserved', async () => {
    expect((await get('/a.cgi/A%20b%C3%A9%2541')).PATH_INFO).toBe('/A bé%41');
  });

  it('has an encoded slash as a slash, and any other byte as it is', async () => {
    const variables = await get('/rest/a.cgi/a%2fb%5c%0a/c');
    expect(variables).toMatchObject({ PATH_INFO: '/a/b\\\n/c', SCRIPT_NAME: '/rest/a.cgi' });
    expect(variables.REQUEST_URI).toBe('/rest/a.cgi/a%2fb%5c%0a/c');
    expect((await server.fetch('/rest/%2fa.cgi')).status).toBe(404);
    expect((await server.fetch('/rest%2fa.cgi')).status).toBe(404);
  });

  it('is rejected with values considered objectionable', async () => {
    expect((await server.fetch('/rest/a.cgi/a%00b')).status).toBe(400);
    expect((await server.fetch('/rest/a.cgi/..%2f..%2fetc')).status).toBe(400);
    expect((await server.fetch('/rest/a.cgi/%2e%2e%2f')).status).toBe(400);
    expect((await server.fetch('/rest/%00.cgi')).status).toBe(400);
  });

  it('may have names with a leading dot: they are not files', async () => {
    expect((await get('/a.cgi/tree/.gitignore')).PATH_INFO).toBe('/tree/.gitignore');
    expect((await server.fetch('/.hidden/a.cgi')).status).toBe(404);
  });
});

describe('4.1.6 PATH_TRANSLATED', () => {
  it('maps PATH_INFO onto the server’s document repository', async () => {
    const root = `${server.directory}/www`;
    expect((await get('/full/a.cgi')).PATH_TRANSLATED).toBe(`${root}/a.cgi`);
    expect((await get('/a.cgi/b%3bC')).PATH_TRANSLATED).toBe(`${root}/b;C`);
  });

  it('is unset if PATH_INFO is NULL', async () => {
    expect((await get('/a.cgi')).PATH_TRANSLATED).toBeUndefined();
  });
});

describe('4.1.7 QUERY_STRING', () => {
  it('contains the URL-encoded search string', async () => {
    expect((await get('/a.cgi?a=%20+b&C=%C3%A9?/')).QUERY_STRING).toBe('a=%20+b&C=%C3%A9?/');
  });

  it('MUST be defined as an empty string if there is none', async () => {
    expect((await get('/a.cgi')).QUERY_STRING).toBe('');
    expect((await get('/a.cgi?')).QUERY_STRING).toBe('');
  });
});

describe('4.1.8 REMOTE_ADDR and 4.1.9 REMOTE_HOST', () => {
  it('are the network address of the client', async () => {
    const environment = await get('/a.cgi');
    expect(environment.REMOTE_ADDR).toBe('127.0.0.1');
    expect(environment.REMOTE_HOST).toBe('127.0.0.1');
    expect(environment.REMOTE_PORT).toMatch(/^[1-9]\d+$/);
  });
});

describe('4.1.12 REQUEST_METHOD', () => {
  it.each(['GET', 'POST', 'PUT', 'DELETE', 'PATCH'])('is the method used: %s', async (method) => {
    expect((await get('/a.cgi', { method })).REQUEST_METHOD).toBe(method);
  });
});

describe('4.1.13 SCRIPT_NAME', () => {
  it('is a path, not URL-encoded, that identifies the script and not its PATH_INFO', async () => {
    expect((await get('/a%2Ecgi')).SCRIPT_NAME).toBe('/a.cgi');
    expect((await get('/rest/a.cgi/b')).SCRIPT_NAME).toBe('/rest/a.cgi');
  });
});

describe('4.1.14 SERVER_NAME and 4.1.15 SERVER_PORT', () => {
  it('are the host to which the request is directed, and the port on which it was received', async () => {
    const request = 'GET /a.cgi HTTP/1.1\r\nHost: Example.ORG:81\r\nConnection: close\r\n\r\n';
    const { environment } = await rawReflection(server, request);
    expect(environment.SERVER_NAME).toBe('example.org');
    expect(environment.SERVER_PORT).toBe(String(server.port));
  });

  it('are set for a client that sends no host', async () => {
    const { environment } = await rawReflection(server, 'GET /a.cgi HTTP/1.0\r\n\r\n');
    expect(environment.SERVER_NAME).toBe('127.0.0.1');
    expect(environment.SERVER_PORT).toBe(String(server.port));
  });
});

describe('4.1.16 SERVER_PROTOCOL', () => {
  it('is the name and version of the protocol', async () => {
    expect((await get('/a.cgi')).SERVER_PROTOCOL).toBe('HTTP/1.1');
    const old = await rawReflection(server, 'GET /a.cgi HTTP/1.0\r\n\r\n');
    expect(old.environment.SERVER_PROTOCOL).toBe('HTTP/1.0');
  });
});

describe('4.1.17 SERVER_SOFTWARE', () => {
  it('is the same as the server description reported to the client', async () => {
    const answer = await server.fetch('/a.cgi');
    await answer.text();
    expect((await get('/a.cgi')).SERVER_SOFTWARE).toBe(answer.headers.get('server'));
  });
});

describe('4.1.18 protocol-specific meta-variables', () => {
  it('contain the header fields, upper case, with "-" replaced and "HTTP_" prepended', async () => {
    const { environment } = await raw('X-Secret-Header-For-Test: 1\r\nUser-agent: me\r\nCookie: a=b\r\n');
    expect(environment.HTTP_X_SECRET_HEADER_FOR_TEST).toBe('1');
    expect(environment.HTTP_USER_AGENT).toBe('me');
    expect(environment.HTTP_COOKIE).toBe('a=b');
    expect(environment.HTTP_HOST).toBe('a');
  });

  it('rewrite multiple fields of one name as a single value with the same semantics', async () => {
    const { environment } = await raw('X-A: 1\r\nx-a: 2\r\nCookie: a=b\r\nCookie: c=d\r\n');
    expect(environment.HTTP_X_A).toBe('1, 2');
    expect(environment.HTTP_COOKIE).toBe('a=b; c=d');
  });

  it('change the representation of the data where it is necessary', async () => {
    const utf8 = Buffer.from('zwölf €').toString('latin1');
    const { environment } = await raw(`X-Utf8: ${utf8}\r\nX-Latin: zw\xf6lf\r\n`);
    expect(environment.HTTP_X_UTF8).toBe('zwölf €');
    expect(environment.HTTP_X_LATIN).toBe('zwölf');
  });

  it('leave out fields that are available in other variables', async () => {
    const { environment } = await raw('Content-Length: 1\r\nContent-Type: a/b\r\n', 'x', 'POST');
    expect(environment.HTTP_CONTENT_LENGTH).toBeUndefined();
    expect(environment.HTTP_CONTENT_TYPE).toBeUndefined();
  });

  it('leave out fields that relate solely to client-side communication issues', async () => {
    const { environment } = await raw(
      'Keep-Alive: 1\r\nTE: trailers\r\nProxy-Connection: x\r\nUpgrade: x\r\n',
    );
    const names = Object.keys(environment);
    expect(names.filter((name) => /CONNECTION|KEEP_ALIVE|HTTP_TE|UPGRADE/.test(name))).toEqual([]);
  });

  it('leave out authentication information that the server has used itself', async () => {
    const headers = { authorization: 'Bearer x', 'proxy-authorization': 'Basic y' };
    expect((await get('/guests/a.cgi', { headers })).HTTP_AUTHORIZATION).toBeUndefined();
    const environment = await get('/a.cgi', { headers });
    expect(environment.HTTP_AUTHORIZATION).toBe('Bearer x');
    expect(environment.HTTP_PROXY_AUTHORIZATION).toBeUndefined();
  });
});

describe('customary variables', () => {
  it('is DOCUMENT_ROOT, REQUEST_URI, SCRIPT_FILENAME, REDIRECT_STATUS and SERVER_ADDR', async () => {
    const root = `${server.directory}/www`;
    expect(await get('/rest/a.cgi/b%20c?d=%20')).toMatchObject({
      DOCUMENT_ROOT: root,
      REQUEST_URI: '/rest/a.cgi/b%20c?d=%20',
      SCRIPT_FILENAME: `${root}/a.cgi`,
      REDIRECT_STATUS: '200',
      SERVER_ADDR: '127.0.0.1',
      REQUEST_SCHEME: 'http',
    });
  });

  it('has the host of an absolute-form target in HTTP_HOST and SERVER_NAME, whatever Host says', async () => {
    const request = 'GET http://B.Example.:81/a.cgi HTTP/1.1\r\nHost: other:82\r\nConnection: close\r\n\r\n';
    expect((await rawReflection(server, request)).environment).toMatchObject({
      HTTP_HOST: 'B.Example.:81',
      SERVER_NAME: 'b.example',
    });
  });

  it.each([
    ['b=\xc3\xa9', 'b=é'],
    ['b=\xe9\xff', 'b=%E9%FF'],
    ['b=%0D%0Ac&C:\\x"<>{}|^`%', 'b=%0D%0Ac&C:\\x"<>{}|^`%'],
  ])('has QUERY_STRING and REQUEST_URI as received, or percent-encoded: %j', async (query, expected) => {
    const request = `GET /a.cgi?${query} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
    const { environment } = await rawReflection(server, request);
    expect(environment).toMatchObject({ QUERY_STRING: expected, REQUEST_URI: `/a.cgi?${expected}` });
  });

  it('is HTTP/1.1 in SERVER_PROTOCOL for a later minor version', async () => {
    const request = 'GET /a.cgi HTTP/1.4\r\nHost: a\r\nConnection: close\r\n\r\n';
    expect((await rawReflection(server, request)).environment.SERVER_PROTOCOL).toBe('HTTP/1.1');
  });

  it('has REQUEST_URI without the host of an absolute-form target', async () => {
    const request = 'GET http://a/a.cgi?b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    expect((await rawReflection(server, request)).environment.REQUEST_URI).toBe('/a.cgi?b');
  });
});
