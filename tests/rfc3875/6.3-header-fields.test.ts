import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prints, shell } from './scripts.js';

const refused: Readonly<Record<string, string>> = {
  'no CGI field': 'X-A: b\n\nbody',
  'a CGI field twice': 'Content-Type: a/b\nContent-Type: a/b\n\nbody',
  'a continuation line': 'Content-Type: a/b;\n charset=x\n\nbody',
  'white space before the colon': 'Content-Type : a/b\n\nbody',
};

let server: TestServer;
beforeAll(async () => {
  const scripts = Object.entries(refused).map(
    ([name, output]) => [`www/${name}.cgi`, prints(output)] as const,
  );
  server = await startTestServer('location / { root www; cgi .cgi; }', {
    ...Object.fromEntries(scripts),
    'www/case.cgi': prints('CONTENT-TYPE:text/plain\nstatus:  203  \n\nbody'),
    'www/empty.cgi': prints('Content-Type: text/plain\nLocation:\nStatus:\n\nbody'),
    'www/untyped.cgi': prints('Status: 200\n\n<b>body</b>'),
    'www/charset.cgi': prints('Content-Type: text/plain; Charset=KOI8-R\n\nbody'),
    'www/cookies.cgi': prints(
      'Content-Type: a/b\nSet-Cookie: a=1\nSet-Cookie: b=2\nCache-Control: no-store\n\nbody',
    ),
    'www/status.cgi': shell('printf \'Status: %s\\nContent-Type: text/plain\\n\\nbody\' "$QUERY_STRING"'),
    'www/connection.cgi': prints(
      'Content-Type: text/plain\nConnection: close\nKeep-Alive: timeout=9\nDate: yesterday\nServer: me\nUpgrade: x\n\nbody',
    ),
    'www/framing.cgi': prints('Content-Type: text/plain\nTransfer-Encoding: chunked\n\n4\nbody\n0\n'),
    'www/latin.cgi': shell(
      "printf 'Content-Type: text/plain\\nX-Latin: zw\\366lf\\nX-Utf8: zwölf\\n\\nbody'",
    ),
  });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('6.3 response header fields', () => {
  it.each(Object.keys(refused))('are refused with %s', async (name) => {
    expect((await server.fetch(`/${encodeURIComponent(name)}.cgi`)).status).toBe(502);
  });

  it('have names that are not case sensitive and white space around the value', async () => {
    const answer = await server.fetch('/case.cgi');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([203, 'text/plain']);
  });

  it('with a NULL value are equivalent to fields not being sent', async () => {
    const answer = await server.fetch('/empty.cgi');
    expect([answer.status, answer.headers.get('location')]).toEqual([200, null]);
  });
});

describe('6.3.1 Content-Type', () => {
  it('is sent unmodified to the client', async () => {
    const answer = await server.fetch('/charset.cgi');
    expect(answer.headers.get('content-type')).toBe('text/plain; Charset=KOI8-R');
  });

  it('is not guessed if the script fails to supply it', async () => {
    const answer = await server.fetch('/untyped.cgi');
    expect(answer.headers.get('content-type')).toBeNull();
    expect(await answer.text()).toBe('<b>body</b>\n');
  });
});

describe('6.3.3 Status', () => {
  it.each(['200', '201', '404', '418', '500', '599'])('is the 3-digit result code: %s', async (code) => {
    const answer = await server.fetch(`/status.cgi?${code}`);
    expect(answer.status).toBe(Number(code));
    expect(await answer.text()).toBe('body');
  });

  it.each(['99', '100', '101', '600', '1000', 'abc', '20', '-200', '200a', '2e2'])(
    'is refused: %s',
    async (code) => {
      expect((await server.fetch(`/status.cgi?${code}`)).status).toBe(502);
    },
  );

  it.each(['204', '304'])('of a response without content omits the body: %s', async (code) => {
    const answer = await server.raw(
      `GET /status.cgi?${code} HTTP/1.1\r\nHost: a\r\n\r\nGET /untyped.cgi HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${code} [\\s\\S]*?\\r\\n\\r\\nHTTP/1\\.1 200 OK\\r\\n`));
  });
});

describe('6.3.4 protocol-specific header fields', () => {
  it('are returned to the client, each cookie on its own', async () => {
    const answer = await server.fetch('/cookies.cgi');
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('that relate to client-side communication issues are removed', async () => {
    const answer = await server.raw('GET /connection.cgi HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).not.toMatch(/keep-alive|yesterday|upgrade|Server: me/i);
    expect(answer.match(/^Connection: /gm)).toHaveLength(1);
    expect(answer.match(/^Date: /gm)).toHaveLength(1);
  });

  it('that would frame the body are rejected', async () => {
    expect((await server.fetch('/framing.cgi')).status).toBe(502);
  });

  it('keep their bytes', async () => {
    const answer = await server.raw('GET /latin.cgi HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(answer).toContain('\r\nX-Latin: zw\xf6lf\r\n');
    expect(answer).toContain(`\r\nX-Utf8: ${Buffer.from('zwölf').toString('latin1')}\r\n`);
  });
});
