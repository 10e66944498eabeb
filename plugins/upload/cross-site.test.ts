import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const CONF = 'root store; upload on; upload_delete on;';

const start = (conf = CONF): Promise<TestServer> => startTestServer(conf, { 'store/old': 'x' });

type Fields = Readonly<Record<string, string>>;

async function ask(
  server: TestServer,
  fields: Fields,
  request = 'PUT /new',
  version = '1.1',
): Promise<string> {
  const lines = Object.entries({ Host: 'files.test', ...fields }).filter(([, value]) => value !== '');
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const answer = await server.raw(
    `${request} HTTP/${version}\r\n${head}Content-Length: 1\r\nConnection: close\r\n\r\nx`,
  );
  return answer.slice(9, 12);
}

const EVIL = { Origin: 'https://evil.example' };

/** Starts a server for the tests of a `describe` block. @returns a function that returns it to a test */
function shared(): () => TestServer {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  return () => server;
}

describe('a request by a page of another site is 403', () => {
  const running = shared();

  test.each<Fields>([
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'cross-site', ...EVIL },
    { 'Sec-Fetch-Site': 'same-site', Origin: 'https://other.files.test' },
    { 'Sec-Fetch-Site': 'cross-site', Origin: 'http://files.test' },
    { 'Sec-Fetch-Site': 'same-origin, cross-site' },
    EVIL,
    { Origin: 'null' },
    { Origin: 'file://' },
    { Origin: 'files.test' },
    { Origin: 'http://files.test, http://files.test' },
    { Origin: 'http://files.test:8080' },
    { Origin: 'http://files.test', Host: 'files.test:8080' },
    { Origin: 'https://files.test', Host: 'files.test:80' },
    { Origin: 'http://files.test.evil.example' },
    { Origin: 'http://sub.files.test' },
    { Origin: 'http://files.test@evil.example' },
    { Origin: 'http://[::1]', Host: '127.0.0.1' },
  ])('%j', async (fields) => {
    const server = running();
    expect(await ask(server, fields)).toBe('403');
    expect(await ask(server, fields, 'POST /')).toBe('403');
    expect(await ask(server, fields, 'DELETE /old')).toBe('403');
    expect(await readdir(join(server.directory, 'store'))).toEqual(['old']);
  });
});

describe('a request by a program, the user, or the site itself is accepted', () => {
  const running = shared();

  test.each<Fields>([
    {},
    { 'Sec-Fetch-Site': 'none' },
    { 'Sec-Fetch-Site': 'same-origin' },
    { 'Sec-Fetch-Site': 'same-origin', Origin: 'http://files.test' },
    { 'Sec-Fetch-Site': 'same-origin', Origin: 'null' },
    { Origin: 'http://files.test' },
    { Origin: 'https://files.test' },
    { Origin: 'http://files.test', Host: 'FILES.test:80' },
    { Origin: 'https://files.test', Host: 'files.test:443' },
    { Origin: 'https://files.test:8443', Host: 'files.test:8443' },
    { Origin: 'http://files.test', Host: 'files.test.' },
    { Origin: 'http://[::1]:8080', Host: '[::1]:8080' },
  ])('%j', async (fields) => {
    const server = running();
    expect(await ask(server, fields)).toBe('201');
    expect(await ask(server, fields, 'POST /')).toBe('201');
    expect(await ask(server, fields, 'DELETE /new')).toBe('204');
  });

  test('the authority of an absolute target counts', async () => {
    await using server = await start();
    const own = { Origin: 'http://files.test:8080', Host: 'files.test:8080' };
    expect(await ask(server, own, 'PUT http://files.test:8080/new')).toBe('201');
    expect(
      await ask(server, { Host: '', Origin: 'http://files.test' }, 'PUT http://files.test/a', '1.0'),
    ).toBe('201');
    expect(await ask(server, { Host: '', ...EVIL }, 'PUT /b', '1.0')).toBe('403');
  });
});

describe('pages that cors names are accepted', () => {
  test('one, a family, or all, but never "null"', async () => {
    await using server = await start(`${CONF} cors https://app.example.org https://*.example.net;`);
    const from = (Origin: string): Promise<string> => ask(server, { 'Sec-Fetch-Site': 'cross-site', Origin });
    expect(await from('https://app.example.org')).toBe('201');
    expect(await from('https://a.b.example.net')).toBe('204');
    expect(await from('https://evil.example')).toBe('403');
    expect(await from('null')).toBe('403');
    expect(await ask(server, { Origin: 'https://app.example.org' })).toBe('204');
    expect(await ask(server, { 'Sec-Fetch-Site': 'cross-site' })).toBe('403');
    await using any = await start(`${CONF} cors *;`);
    expect(await ask(any, { 'Sec-Fetch-Site': 'cross-site', ...EVIL })).toBe('201');
    expect(await ask(any, { 'Sec-Fetch-Site': 'cross-site', Origin: 'null' })).toBe('403');
    expect(await ask(any, { Origin: 'null' })).toBe('403');
  });

  test('of the route that answers, not of another', async () => {
    await using server = await start(`${CONF} cors off; location /open { root store; cors *; }`);
    expect(await ask(server, EVIL)).toBe('403');
    expect(await ask(server, EVIL, 'PUT /open/new')).toBe('201');
  });
});

test('upload_cross_site on accepts them', async () => {
  await using server = await start(`${CONF} upload_cross_site on;`);
  expect(await ask(server, { 'Sec-Fetch-Site': 'cross-site', ...EVIL })).toBe('201');
  expect(await ask(server, { Origin: 'null' })).toBe('204');
});

test('the body of a rejected request is not asked for', async () => {
  await using server = await start();
  const answer = await server.raw(
    'PUT /new HTTP/1.1\r\nHost: files.test\r\nOrigin: https://evil.example\r\nExpect: 100-continue\r\n' +
      'Content-Length: 10\r\nConnection: close\r\n\r\n',
  );
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
});

test('reading, and scripts, are not asked where a request comes from', async () => {
  await using server = await startTestServer(`${CONF} upload_scripts on; cgi .sh sh;`, {
    'store/a.sh': 'printf "Content-Type: text/plain\\n\\nran"',
    'store/a.txt': 'text',
  });
  expect(await ask(server, { 'Sec-Fetch-Site': 'cross-site' }, 'GET /a.txt')).toBe('200');
  expect(await ask(server, { 'Sec-Fetch-Site': 'cross-site' }, 'POST /a.sh')).toBe('200');
});
