import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

const FILES = { 'www/a.txt': 'text' };

async function statusFor(
  server: TestServer,
  host: string,
  target = '/a.txt',
  method = 'GET',
): Promise<string> {
  const answer = await server.raw(
    `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
  );
  return answer.slice(9, 12);
}

describe('allow_hosts loopback', () => {
  const CONF = 'root www; upload on; allow_hosts loopback;';

  test.each([
    'localhost',
    'LOCALHOST',
    'localhost:8080',
    'localhost.',
    'a.b.localhost:1',
    '127.0.0.1',
    '127.0.0.1:65535',
    '127.255.0.9',
    '[::1]',
    '[::1]:8080',
  ])('answers %s', async (host) => {
    await using server = await startTestServer(CONF, FILES);
    expect(await statusFor(server, host)).toBe('200');
  });

  test.each([
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.evil.example',
    'notlocalhost',
    '127.1',
    '128.0.0.1',
    '192.168.0.1',
    '0.0.0.0',
    '[::]',
    '[::2]',
    '[::ffff:7f00:1]',
  ])('rejects %s with 421, whatever is asked', async (host) => {
    await using server = await startTestServer(CONF, FILES);
    expect(await statusFor(server, host)).toBe('421');
    expect(await statusFor(server, host, '/none')).toBe('421');
    expect(await statusFor(server, host, '/b.txt', 'PUT')).toBe('421');
    expect(await statusFor(server, host, `http://${host}/a.txt`)).toBe('421');
  });

  test('comes before redirects and preflights, and says what to do', async () => {
    await using server = await startTestServer('return 301 /x; allow_hosts loopback; cors *;', FILES);
    const answer = await server.raw('GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 421 /);
    expect(answer).toContain('"evil.example"');
    expect(answer).toContain('--host NAME');
  });
});

test('names and families of names can be allowed beside it, or alone', async () => {
  await using server = await startTestServer(
    'root www; allow_hosts dev.example.org *.example.net; location /open { allow_hosts loopback; root www; }',
    FILES,
  );
  for (const host of ['dev.example.org', 'DEV.example.org:8080', 'a.example.net', 'a.b.example.net.'])
    expect([host, await statusFor(server, host)]).toEqual([host, '200']);
  for (const host of ['localhost', 'example.org', 'a.dev.example.org', 'example.net', 'aexample.net'])
    expect([host, await statusFor(server, host)]).toEqual([host, '421']);
  expect(await statusFor(server, 'localhost', '/open/a.txt')).toBe('200');
});
