import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { definePlugin, type Response, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it, test } from 'vitest';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const LAST = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

const answering = (response: Response) =>
  definePlugin({
    name: 'answering',
    apply: ({ hooks }) => hooks.onRoute.tap({ stage: Stage.handler }, () => response),
  });

describe('a field name', () => {
  it('is sent as the configuration writes it, on errors and on files too', async () => {
    const fields =
      'add_header X-XSS-Protection 1 always; add_header x-low 1 always; add_header DNT $host always;';
    await using server = await startTestServer(`${fields} root www; location /r { return 301 /; }`, {
      'www/index.html': 'a',
    });
    for (const path of ['/', '/', '/none', '/r']) {
      const text = await server.raw(LAST.replace('/', path));
      for (const name of ['X-XSS-Protection', 'x-low', 'DNT']) expect(text).toContain(`\r\n${name}: `);
    }
  });

  it('is sent as a plugin writes it; one in lower case with capitals', async () => {
    const headers = { 'X-XSS-Protection': '1', 'x-other-name': '2', WWWThing: '3' };
    await using server = await startTestServer('', {}, { plugins: [answering({ status: 200, headers })] });
    const text = await server.raw(LAST);
    expect(text).toContain('\r\nX-XSS-Protection: 1\r\nX-Other-Name: 2\r\nWWWThing: 3\r\n');
  });

  it('is sent as a script writes it', async () => {
    const script = '#!/bin/sh\nprintf "Content-Type: text/plain\\nX-XSS-Protection: 1\\nx-low: 2\\n\\nok"\n';
    await using server = await startTestServer('root www; cgi .sh;', { 'www/a.sh': script });
    await chmod(join(server.directory, 'www/a.sh'), 0o755);
    const text = await server.raw(LAST.replace('/', '/a.sh'));
    expect(text).toContain('\r\nX-XSS-Protection: 1\r\nx-low: 2\r\n');
  });
});

test.each([
  { connection: 'close' },
  { Connection: 'Close' },
  { CONNECTION: ['x', ' CLOSE '] },
  { connection: 'keep-alive, close' },
])('a plugin closes the connection in any spelling: %j', async (headers) => {
  await using server = await startTestServer(
    '',
    {},
    { plugins: [answering({ status: 200, headers, body: 'a' })] },
  );
  const text = await server.raw(GET + GET);
  expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(1);
  expect(text.match(/\r\nConnection: close\r\n/g)).toHaveLength(1);
});

describe('Server', () => {
  it.each([
    ['', 'Server: webserv\r\n'],
    ['server_tokens off;', ''],
    ['server_tokens on;', 'Server: webserv\r\n'],
    ['server_tokens "My server/1";', 'Server: My server/1\r\n'],
    ['server_tokens "";', ''],
  ])('follows server_tokens, without a version: %s', async (conf, line) => {
    await using server = await startTestServer(`${conf} return 200 ok;`);
    for (const bytes of [LAST, LAST, 'NONSENSE\r\n\r\n']) {
      const [head = ''] = (await server.raw(bytes)).split('\r\n\r\n');
      expect(/^Server: .*\r\n/m.exec(`${head}\r\n`)?.[0] ?? '').toBe(line);
    }
  });

  it.each(['GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 'NONSENSE\r\n\r\n'])(
    'is hidden by server_tokens off, and the built-in error page names no server: %j',
    async (bytes) => {
      await using server = await startTestServer('server_tokens off;');
      const text = await server.raw(bytes);
      expect(text).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(text).not.toMatch(/webserv|^server:/im);
    },
  );
});
