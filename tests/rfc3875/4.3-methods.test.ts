import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reflect, reflection, shell } from './scripts.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(
    `location / { root www; cgi .cgi; }
     location /some { root www; cgi .cgi; methods GET; }
     location /all { root www; cgi .cgi; methods GET PUT DELETE PATCH OPTIONS; }`,
    {
      'www/a.cgi': reflect,
      'www/long.cgi': shell(
        "printf 'Content-Type: text/plain\\nContent-Length: 300000\\n\\n'; head -c 300000 /dev/zero",
      ),
      'www/picky.cgi': shell(
        'if [ "$REQUEST_METHOD" != GET ]; then printf "Status: 501 Not Implemented\\nContent-Type: text/plain\\n\\nno $REQUEST_METHOD"; fi',
      ),
      'www/next.txt': 'in step',
    },
  );
});
afterAll(() => server[Symbol.asyncDispose]());

describe('4.3.1 GET', () => {
  it('indicates that the script should produce a document based on the meta-variable values', async () => {
    const { environment } = await reflection(server, '/a.cgi?q=1');
    expect(environment).toMatchObject({ REQUEST_METHOD: 'GET', QUERY_STRING: 'q=1' });
  });
});

describe('4.3.2 POST', () => {
  it('produces a document based on the data in the request message-body, in addition', async () => {
    const form = new URLSearchParams({ name: 'ä b', other: '1' });
    const seen = await reflection(server, '/a.cgi?q=1', { method: 'POST', body: form });
    expect(seen.body).toBe('name=%C3%A4+b&other=1');
    expect(seen.environment).toMatchObject({
      REQUEST_METHOD: 'POST',
      QUERY_STRING: 'q=1',
      CONTENT_TYPE: 'application/x-www-form-urlencoded;charset=UTF-8',
    });
  });
});

describe('4.3.3 HEAD', () => {
  it('has the message-body discarded, and the header passed on', async () => {
    const answers = await server.raw(
      'HEAD /long.cgi HTTP/1.1\r\nHost: a\r\n\r\nGET /next.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    const [first = '', second = '', third] = answers.split('\r\n\r\n');
    expect(first).toMatch(/^HTTP\/1\.1 200 /);
    expect(first).toMatch(/^Content-Length: 300000$/m);
    expect(second).toMatch(/^HTTP\/1\.1 200 /);
    expect(third).toBe('in step');
  });

  it('is handled like GET if the script responds with an error', async () => {
    const answer = await server.fetch('/picky.cgi', { method: 'HEAD' });
    expect(answer.status).toBe(501);
    expect(answer.headers.get('content-type')).toBe('text/plain');
  });
});

describe('4.3.4 protocol-specific methods', () => {
  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('may be implemented by the script: %s', async (method) => {
    for (const path of ['/picky.cgi', '/all/picky.cgi']) {
      const answer = await server.fetch(path, { method, body: 'x' });
      expect(answer.status).toBe(501);
      expect(await answer.text()).toBe(`no ${method}`);
    }
  });

  it('may be handled by the server for files that are not scripts: OPTIONS', async () => {
    const answer = await server.fetch('/next.txt', { method: 'OPTIONS' });
    expect(answer.status).toBe(204);
    const allowed = answer.headers.get('allow')?.split(', ') ?? [];
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];
    expect(allowed.sort()).toEqual(methods.sort());
    const some = await server.fetch('/all/next.txt', { method: 'OPTIONS' });
    expect([some.status, some.headers.get('allow')]).toEqual([204, 'GET, PUT, DELETE, PATCH, OPTIONS']);
  });

  it('may get an error: a method that the route does not allow, and an unknown one', async () => {
    const refused = await server.fetch('/some/a.cgi', { method: 'POST', body: 'x' });
    expect(refused.status).toBe(405);
    expect(refused.headers.get('allow')).toBe('GET');
    expect((await server.fetch('/a.cgi', { method: 'BREW' })).status).toBe(501);
  });
});
