import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { definePlugin, Stage } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { pretty } from './lines.js';

const patience = { interval: 10 };

const read = (server: TestServer, name: string): Promise<string> =>
  readFile(join(server.directory, name), 'utf8');

/** Reads all lines of a log once the server has written the last one. */
async function linesOf(server: TestServer, name: string): Promise<string[]> {
  await server.stop(1000);
  const text = await read(server, name);
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text.split('\n').slice(0, -1);
}

/** Sets the user name as a third-party plugin would. */
const knownUser = definePlugin({
  name: 'known-user',
  apply: ({ hooks }) =>
    hooks.onRoute.tap({ stage: Stage.rewrite - 10 }, (exchange) => {
      const name = exchange.request.headers.get('x-user');
      if (name !== undefined) exchange.setVariable('remote_user', name);
      return undefined;
    }),
});

const TIME = String.raw`\[\d\d/(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]`;

describe('combined', () => {
  test('is the line that Apache and nginx write', async () => {
    await using server = await startTestServer(
      'methods GET; access_log a.log; root www; location /hi { return 200 hello; }',
      { 'www/a.txt': 'content' },
      { plugins: [knownUser] },
    );
    const headers = { 'user-agent': 'Tester/1.0 (a; b)', referer: 'http://from.example/x', 'x-user': 'ann' };
    await server.fetch('/hi?a=b', { headers });
    await server.raw('GET /a.txt HTTP/1.0\r\n\r\n');
    await server.raw('POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    const lines = await linesOf(server, 'a.log');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(
      new RegExp(
        `^127\\.0\\.0\\.1 - ann ${TIME} "GET /hi\\?a=b HTTP/1\\.1" 200 5 "http://from\\.example/x" "Tester/1\\.0 \\(a; b\\)"$`,
      ),
    );
    expect(lines[1]).toMatch(
      new RegExp(`^127\\.0\\.0\\.1 - - ${TIME} "GET /a\\.txt HTTP/1\\.0" 200 7 "-" "-"$`),
    );
    expect(lines[2]).toMatch(/ "POST \/none HTTP\/1\.1" 405 \d+ "-" "-"$/);
  });

  test('cannot be forged by what a client sends', async () => {
    await using server = await startTestServer('access_log a.log; access_log a.json json; return 200 ok;');
    const forged = '" 200 1 "-" "-"\\';
    const fields = `User-Agent: ${forged}\r\nReferer: caf\xe9\x9b31m\t.\r\nConnection: close\r\n`;
    await server.raw(`GET /x%22%20HTTP/1.1 HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    await server.raw(`GET /x" HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    await server.raw(`GET /x%0A127.0.0.1 HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    await server.raw('GET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\nUser-Agent: a\x1b[2Jb\r\n\r\n');
    const lines = await linesOf(server, 'a.log');
    expect(lines[0]).toContain('"GET /x%22%20HTTP/1.1 HTTP/1.1" 200 2 ');
    expect(lines[0]).toMatch(/ 200 2 "caf\\xE9\\x9B31m\\x09\." "\\x22 200 1 \\x22-\\x22 \\x22-\\x22\\x5C"$/);
    for (const one of lines) expect(one).toMatch(/^[ -~]+$/);
    const objects = (await read(server, 'a.json')).trimEnd().split('\n');
    for (const one of objects) expect(one).toMatch(/^[ -~]+$/);
    expect(objects.map((one) => JSON.parse(one))).toContainEqual(
      expect.objectContaining({ user_agent: forged, referer: 'caf\xe9\x9b31m\t.' }),
    );
    expect(lines).toHaveLength(objects.length);
  });

  test('has bounded fields', async () => {
    await using server = await startTestServer('access_log a.log; return 200 ok;');
    await server.fetch(`/${'p'.repeat(3000)}`, { headers: { 'user-agent': '"'.repeat(3000) } });
    const [line = ''] = await linesOf(server, 'a.log');
    expect(line.length).toBeLessThan(2 * 2048 + 200);
    expect(line).toContain('ppp... HTTP/1.1" 200');
    expect(line.endsWith('\\x22..."')).toBe(true);
  });
});

describe('json', () => {
  test('has one object a line with all that is known of the request', async () => {
    await using server = await startTestServer(
      'access_log a.json json; server_name a.example; location /hi { return 200 hello; }',
    );
    await server.raw(
      'GET /hi?q=1 HTTP/1.1\r\nHost: A.example:80\r\nUser-Agent: t\r\nConnection: close\r\n\r\n',
    );
    const [line = ''] = await linesOf(server, 'a.json');
    const object = JSON.parse(line);
    expect(object).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      remote_addr: '127.0.0.1',
      remote_user: null,
      method: 'GET',
      target: '/hi?q=1',
      protocol: 'HTTP/1.1',
      status: 200,
      bytes: 5,
      duration_ms: expect.any(Number),
      host: 'a.example',
      referer: null,
      user_agent: 't',
      route: expect.stringContaining('location /hi'),
      complete: true,
    });
    expect(Math.abs(Date.parse(object.time) - Date.now())).toBeLessThan(60_000);
  });

  test('says of an answer that the client did not wait for that it is not complete', async () => {
    const slow = definePlugin({
      name: 'slow',
      apply: ({ hooks }) =>
        hooks.onRoute.tapPromise({}, async ({ signal }) => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          return { status: 200 };
        }),
    });
    await using server = await startTestServer('access_log a.json json;', {}, { plugins: [slow] });
    const socket = connect({ host: '127.0.0.1', port: server.port });
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.resetAndDestroy();
    await expect.poll(() => read(server, 'a.json'), patience).not.toBe('');
    expect(JSON.parse(await read(server, 'a.json'))).toMatchObject({
      status: 499,
      bytes: 0,
      complete: false,
    });
  });
});

describe('pretty', () => {
  test('has the status in colour for a terminal, and nothing else that a terminal obeys', async () => {
    const line = pretty(true);
    const lines: string[] = [];
    const watcher = definePlugin({
      name: 'watcher',
      apply: ({ hooks }) =>
        hooks.onDone.tap({}, (exchange) => {
          if (exchange.outcome !== undefined) lines.push(line(exchange, exchange.outcome, Date.now()));
        }),
    });
    await using server = await startTestServer('location /a { return 404; }', {}, { plugins: [watcher] });
    await server.raw("X'[2J /a%1B[2J HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await server.fetch('/a');
    await server.stop(1000);
    expect(lines.at(-1)).toContain('  \x1b[33m404\x1b[39m  GET ');
    for (const one of lines) expect(one.split('\x1b')).toHaveLength(3);
  });

  test('is readable, without colours in a file', async () => {
    await using server = await startTestServer('access_log a.txt pretty; return 200 hello;');
    await server.fetch('/some/where');
    const [line] = await linesOf(server, 'a.txt');
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d {2}200 {2}GET {13}5 B {3,}\d+\.\d ms {2}127\.0\.0\.1 {8}\/some\/where$/,
    );
  });
});

describe('where requests are logged', () => {
  test('is what the nearest block says: several places, another one, or none', async () => {
    await using server = await startTestServer(
      `access_log main.log;
      server { listen 127.0.0.1:0; return 200 ok;
        location /inherits { }
        location /own { access_log own.log; access_log own.json json; }
        location /off { access_log off; location /off/on { access_log main.log; } }
      }`,
    );
    for (const path of ['/', '/inherits', '/own', '/off', '/off/on']) await server.fetch(path);
    const targets = (await linesOf(server, 'main.log')).map((line) => line.split(' ')[6]);
    expect(targets).toEqual(['/', '/inherits', '/off/on']);
    expect(await read(server, 'own.log')).toContain('"GET /own HTTP/1.1"');
    expect(JSON.parse(await read(server, 'own.json'))).toMatchObject({ target: '/own' });
  });

  test('is nowhere without the directive', async () => {
    await using server = await startTestServer('return 200 ok;');
    expect((await server.fetch('/')).status).toBe(200);
    expect(server.log.join('\n')).not.toContain('access');
  });

  test('has every request once, also where error pages and many clients are', async () => {
    await using server = await startTestServer(
      'access_log a.log; error_page 404 /missing.html; root www; location /hi { return 200 hello; }',
      { 'www/missing.html': 'missing' },
    );
    const paths = Array.from({ length: 300 }, (_, at) => (at % 3 === 0 ? `/none/${at}` : `/hi/${at}`));
    await Promise.all(paths.map(async (path) => (await server.fetch(path)).text()));
    const lines = await linesOf(server, 'a.log');
    expect(lines.map((line) => line.split(' ')[6]).sort()).toEqual(paths.toSorted());
    expect(lines.filter((line) => line.includes('" 404 7 "'))).toHaveLength(100);
  });

  test('has what is no request as it came, in the log of the default server', async () => {
    await using server = await startTestServer('access_log a.log; return 200 ok;');
    expect(await server.raw('NONSENSE"\\\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    const [line, ...more] = await linesOf(server, 'a.log');
    expect(line).toMatch(/^127\.0\.0\.1 - - \[.*\] "NONSENSE\\x22\\x5C" 400 \d+ "-" "-"$/);
    expect(more).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('a disk that is full', () => {
  test('does not touch requests, and is told of once', async () => {
    await using server = await startTestServer('access_log /dev/full; return 200 ok;');
    for (let turn = 0; turn < 10; turn += 1) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => server.fetch('/')));
      expect(answers.every((answer) => answer.status === 200)).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await expect.poll(() => server.log.filter((line) => line.includes('ENOSPC')), patience).toHaveLength(1);
    expect(server.log.join('\n')).toContain('[error] access_log: cannot write /dev/full');
  });
});

describe('a configuration that cannot work is refused', () => {
  test.each([
    ['access_log none/a.log;', /none\/a\.log cannot be opened: its directory does not exist/],
    ['access_log .;', /cannot be opened: it is a directory/],
    ['access_log a.log main;', /expected one of "combined", "json", "pretty", got "main"/],
    ['access_log off combined;', /"off" takes no further arguments/],
    ['access_log a.log; access_log off;', /"off" cannot be combined with another access_log/],
    ['access_log $host.log;', /variables and syslog are not supported/],
    ['access_log syslog:server=10.0.0.1;', /variables and syslog are not supported/],
    ['access_log stderr;', /write \/dev\/stderr/],
    ['access_log;', /access_log/],
  ])('%s', async (directive, message) => {
    await expect(startTestServer(`${directive} return 200;`)).rejects.toThrow(message);
  });

  test('once, at its own place, however many routes inherit it', async () => {
    const conf = `access_log none/a.log;
      server { listen 127.0.0.1:0; return 200; location /a { } location /b { } }`;
    const refused = await startTestServer(conf).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      diagnostics: [{ code: 'access-log', severity: 'error', place: { line: 1 } }],
    });
  });
});
