import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SocketlessServer } from '../../src/testing/socketless.js';
import { type Answer, readAnswers } from '../wire/answers.js';

/** Attacks on paths that name files, tried against a running server. */

const CANARY = 'CANARY-9d1f';

const requestOf = (method: string, target: string, more = '') =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\n${more}Connection: close\r\n\r\n`;

const ask = (server: TestServer, target: string, more = '', method = 'GET') =>
  server.raw(requestOf(method, target, more));

const statusOf = (response: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(response)?.[1]);

const contentOf = (response: string) => response.slice(response.indexOf('\r\n\r\n') + 4);

describe('encoded traversal', () => {
  const climbs = [
    '..',
    '%2e%2e',
    '%2E%2E',
    '.%2e',
    '%2e.',
    '%252e%252e',
    '..;',
    ';/..',
    '%c0%ae%c0%ae',
    '%e0%80%ae%e0%80%ae',
    '%uff0e%uff0e',
    '..%00',
    '.%00.',
    '...',
    '....',
    '\\..',
    '%5c..',
    '\xc0\xae\xc0\xae',
  ];
  const separators = [
    '/',
    '//',
    '%2f',
    '%2F',
    '%5c',
    '\\',
    '%252f',
    '%c0%af',
    '\xc0\xaf',
    '/./',
    '%u2215',
    '%ef%bc%8f',
  ];
  const starts = [
    '/',
    '/a/',
    '/alias/',
    '/alias',
    '/a.txt/',
    '//',
    '/./',
    'http://a/',
    'http://a',
    'file://',
    '',
  ];

  test('the canary above the root is in no response', async () => {
    // Connections inside this process, shared by up to 32 of 7,000 requests.
    await using server = await SocketlessServer.open({
      conf: 'root site/www; autoindex on; location /alias { root site/alias/deep; autoindex on; }',
      files: {
        'canary.txt': CANARY,
        'site/canary.txt': CANARY,
        'site/alias/canary.txt': CANARY,
        'site/alias/deep/in.txt': 'in',
        'site/www/a.txt': 'a',
        'site/www/a/b.txt': 'b',
      },
      plugins: [],
    });
    /** Responses to the first requests on one connection: all of them, or those up to a rejection, which ends it. */
    const getSome = async (targets: readonly string[]): Promise<readonly Answer[]> => {
      const requests = targets.map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n`);
      const client = server.connect();
      await client.send(Buffer.from(`${requests.join('\r\n')}Connection: close\r\n\r\n`, 'latin1'));
      const received = (await client.closed()).toString('latin1');
      expect(received).not.toContain(CANARY);
      return readAnswers(received);
    };
    const statuses = new Set<number>();
    const getAll = async (targets: readonly string[]): Promise<void> => {
      for (let asked = 0; asked < targets.length; ) {
        const responses = await getSome(targets.slice(asked, asked + 32));
        expect(responses.length).toBeGreaterThan(0);
        for (const { status } of responses) statuses.add(status);
        asked += responses.length;
      }
    };
    await Promise.all(
      starts.map((start) =>
        getAll(
          climbs.flatMap((climb) =>
            separators.flatMap((separator) =>
              [1, 2, 4].map((times) => `${start}${`${climb}${separator}`.repeat(times)}canary.txt`),
            ),
          ),
        ),
      ),
    );
    expect([...statuses].filter((status) => ![301, 400, 404].includes(status))).toEqual([]);
    expect((await getSome(['/alias/in.txt'])).map(({ content }) => content)).toEqual(['in']);
  });

  test('absolute files of the system are in no response', async () => {
    await using server = await startTestServer('root www; autoindex on;', { 'www/a.txt': 'a' });
    for (const target of [
      '/etc/passwd',
      '//etc/passwd',
      '/../../../../../../../../etc/passwd',
      '/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
      '/..%252f..%252f..%252f..%252fetc/passwd',
      '/a.txt/../../../../../../etc/passwd',
      'file:///etc/passwd',
      '/proc/self/environ',
      '/dev/fd/0',
      '/cgi-bin/.%2e/.%2e/.%2e/.%2e/etc/passwd',
    ]) {
      const response = await ask(server, target);
      expect(response, target).not.toContain('root:');
      expect([400, 404], target).toContain(statusOf(response));
    }
  });
});

describe('symbolic links', () => {
  test('out of the root lead nowhere, including chains and directories', async () => {
    await using server = await startTestServer('root www; autoindex on;', {
      'www/in/a.txt': 'inside',
      'outside/canary.txt': CANARY,
      'outside/index.html': CANARY,
    });
    const link = (to: string, name: string) => symlinkSync(to, join(server.directory, 'www', name));
    link('../outside/canary.txt', 'file.txt');
    link('file.txt', 'chain.txt');
    link('../outside', 'directory');
    link(join(server.directory, 'outside'), 'absolute');
    link('loop', 'loop');
    link('/proc/self/root', 'proc');
    link('in', 'inner');
    for (const path of [
      '/file.txt',
      '/chain.txt',
      '/directory/canary.txt',
      '/directory/',
      '/absolute/canary.txt',
      '/absolute/index.html',
      '/loop',
      `/proc${server.directory}/outside/canary.txt`,
    ]) {
      const response = await ask(server, path);
      expect(response, path).not.toContain(CANARY);
      expect([403, 404], path).toContain(statusOf(response));
    }
    expect(contentOf(await ask(server, '/inner/a.txt'))).toBe('inside');
  });

  /** Swaps a directory with a link to one outside, and a file with a link, until it is killed. */
  const swapper = `
    const { renameSync, writeSync } = require('node:fs');
    for (let swaps = 0; ; swaps += 1) {
      if (swaps === 1) writeSync(1, 'begun');
      for (const name of ['directory', 'file.txt']) {
        renameSync(name, name + '.real');
        renameSync(name + '.link', name);
        renameSync(name, name + '.link');
        renameSync(name + '.real', name);
      }
    }`;

  test.each([
    ['read for each request', 'file_cache off;'],
    ['kept in memory', 'file_cache 1m valid=1ms;'],
  ])('swapped with their targets during 1,000 GETs: no canary (%s)', async (_, directive) => {
    await using server = await startTestServer(`${directive}\nserver { listen 127.0.0.1:0; root www; }`, {
      'www/directory/a.txt': 'inside',
      'www/file.txt': 'inside',
      'outside/a.txt': CANARY,
    });
    const www = join(server.directory, 'www');
    symlinkSync('../outside', join(www, 'directory.link'));
    symlinkSync('../outside/a.txt', join(www, 'file.txt.link'));
    await new Promise((resolve) => setTimeout(resolve, 1100));

    const child = spawn(process.execPath, ['-e', swapper], { cwd: www, stdio: ['ignore', 'pipe', 'ignore'] });
    const exit = once(child, 'exit');
    await once(child.stdout, 'data');
    const seen = new Map<string, number>();
    try {
      const one = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
      const fifty = `${(one('/directory/a.txt') + one('/file.txt')).repeat(24)}${one('/directory/a.txt')}GET /file.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
      const round = async () => {
        const responses = await server.raw(fifty);
        expect(responses).not.toContain(CANARY);
        const statuses = [...responses.matchAll(/HTTP\/1\.1 (\d{3}) /g)];
        expect(statuses).toHaveLength(50);
        for (const [, status = ''] of statuses) seen.set(status, (seen.get(status) ?? 0) + 1);
      };
      const client = async () => {
        for (let rounds = 0; rounds < 5; rounds += 1) await round();
      };
      await Promise.all(Array.from({ length: 4 }, client));
      // On a busy machine the other process may have been waiting all the time.
      const isRaced = () => seen.has('200') && (seen.has('403') || seen.has('404'));
      for (let rounds = 0; rounds < 500 && !isRaced(); rounds += 1) await round();
      expect(child.exitCode).toBeNull();
    } finally {
      child.kill('SIGKILL');
      await exit;
    }
    expect([...seen.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(1000);
    // Proof of the race: some requests met the file, some the link or the gap between them.
    expect(seen.get('200') ?? 0).toBeGreaterThan(0);
    expect((seen.get('403') ?? 0) + (seen.get('404') ?? 0)).toBeGreaterThan(0);
    expect([...seen.keys()].filter((status) => !['200', '403', '404'].includes(status))).toEqual([]);
  });

  test('a directory that becomes a link is not served from the cache a second later', async () => {
    await using server = await startTestServer('root www;', {
      'www/directory/a.txt': 'inside',
      'outside/a.txt': CANARY,
    });
    const www = join(server.directory, 'www');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    for (let round = 0; round < 3; round += 1) {
      expect(contentOf(await ask(server, '/directory/a.txt'))).toBe('inside');
    }
    renameSync(join(www, 'directory'), join(www, 'directory.real'));
    symlinkSync('../outside', join(www, 'directory'));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(statusOf(await ask(server, '/directory/a.txt'))).toBe(403);
  });
});

test('NUL, controls, spaces and dots never name another file', async () => {
  await using server = await startTestServer('root www; cgi .cgi;', {
    'www/x.txt': 'text',
    'www/x.cgi': { content: `#!/bin/sh\n# ${CANARY}\n`, mode: 0o755 },
  });
  const tails = [
    '%00',
    '%00.txt',
    '%20',
    '%0a',
    '%0d%0a',
    '%09',
    '%7f',
    '%c2%a0',
    '.',
    '..',
    '%2e',
    '::$DATA',
    '/',
    '/.',
    '\\',
  ];
  for (const name of ['/x.txt', '/x.cgi', '/x%20.txt', '/x%20.cgi', '/x.TXT', '/x.CGI', '/x%00.cgi']) {
    for (const tail of tails) {
      const response = await ask(server, name + tail);
      expect(response, name + tail).not.toContain(CANARY);
      if (`${name}${tail}` === '/x.cgi/' || `${name}${tail}` === '/x.cgi/.') continue; // a script followed by a path
      expect([400, 404], name + tail).toContain(statusOf(response));
    }
  }
  for (const raw of ['/x.txt\0', '/x\0.txt', '/x.txt\x01', '/x .txt', '/x.txt\t', '/x.txt ']) {
    const response = await ask(server, raw);
    expect([400, 404], JSON.stringify(raw)).toContain(statusOf(response));
  }
});

test('dotfiles are 404 in every spelling, .well-known is served', async () => {
  await using server = await startTestServer('root www; autoindex on;', {
    'www/.git/config': CANARY,
    'www/.htpasswd': CANARY,
    'www/sub/.env': CANARY,
    'www/.well-known/acme-challenge/token': 'token',
    'www/.well-known/.secret': CANARY,
  });
  for (const path of [
    '/.git/config',
    '/%2egit/config',
    '/.git%2fconfig',
    '/.git/./config',
    '//.git//config',
    '/a/../.git/config',
    '/.git/',
    '/.git',
    '/.htpasswd',
    '/%2Ehtpasswd',
    '/sub/.env',
    '/sub/%2eenv',
    '/.well-known/.secret',
    '/.well-known/../.htpasswd',
    '/.well-known/%2e%2e/.htpasswd',
  ]) {
    for (const method of ['GET', 'HEAD']) {
      const response = await ask(server, path, '', method);
      expect(response, path).not.toContain(CANARY);
      expect([400, 404], path).toContain(statusOf(response));
    }
  }
  expect(await ask(server, '/')).not.toContain('.git');
  expect(contentOf(await ask(server, '/.well-known/acme-challenge/token'))).toBe('token');
});

test('a fifo, a socket and a device are never opened: 404 immediately', async () => {
  await using server = await startTestServer('root www;', { 'www/': null });
  const www = join(server.directory, 'www');
  execFileSync('mkfifo', [join(www, 'fifo'), join(www, 'index.html')]);
  const socket = createServer().listen(join(www, 'socket'));
  await once(socket, 'listening');
  symlinkSync('/dev/zero', join(www, 'zero'));
  symlinkSync('/dev/stdin', join(www, 'stdin'));
  try {
    // More requests than threads that could block on opening a fifo.
    const paths = ['/fifo', '/', '/index.html', '/socket', '/zero', '/stdin'].flatMap((path) =>
      Array.from({ length: 6 }, () => path),
    );
    const statuses = await Promise.all(paths.map(async (path) => statusOf(await ask(server, path))));
    expect(statuses.filter((status) => status !== 403 && status !== 404)).toEqual([]);
    writeFileSync(join(www, 'a.txt'), 'a');
    expect(contentOf(await ask(server, '/a.txt'))).toBe('a');
  } finally {
    socket.close();
  }
});

describe('range bombs', () => {
  const size = 2_000_000;
  let server: TestServer;
  beforeAll(async () => {
    const files = { 'www/large': Buffer.alloc(size, 'x'), 'www/small': 'x'.repeat(1000), 'www/empty': '' };
    server = await startTestServer('root www;', files);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('1,000 overlapping ranges send no more than the file', async () => {
    for (const [path, length] of [
      ['/large', size],
      ['/small', 1000],
      ['/empty', 0],
    ] as const) {
      for (const spec of ['0-', '0-999', '-1000', '1-', '0-0']) {
        const response = await ask(server, path, `Range: bytes=${Array(1000).fill(spec).join(',')}\r\n`);
        expect([200, 206, 416, 431]).toContain(statusOf(response));
        if (statusOf(response) === 206 || statusOf(response) === 200) {
          expect(contentOf(response).length).toBeLessThanOrEqual(length);
        }
      }
    }
  });

  test.each([
    ['-9223372036854775608', 206],
    ['-9223372036854775808', 206],
    ['-18446744073709551615', 206],
    ['0-18446744073709551616', 206],
    ['9223372036854775807-', 416],
    ['9223372036854775807-9223372036854775808', 416],
    ['-0', 416],
    ['0--1', 200],
    ['-1-', 200],
    ['1e3-', 200],
    ['0x10-', 200],
  ])('bytes=%s gets %d', async (spec, status) => {
    const response = await ask(server, '/small', `Range: bytes=${spec}\r\n`);
    expect(statusOf(response)).toBe(status);
    if (status !== 416) expect(contentOf(response).length).toBeLessThanOrEqual(1000);
  });

  test('a range on HEAD or POST is ignored', async () => {
    const head = await ask(server, '/small', 'Range: bytes=0-1\r\n', 'HEAD');
    expect(statusOf(head)).toBe(200);
    expect(head).toContain('Content-Length: 1000\r\n');
    expect(contentOf(head)).toBe('');
    expect(statusOf(await ask(server, '/small', 'Range: bytes=0-1\r\nContent-Length: 0\r\n', 'POST'))).toBe(
      405,
    );
  });

  test('any Range field on any file sends at most the file and headers of 16 parts', async () => {
    const number = fc.oneof(
      fc.nat(1200).map(String),
      fc.bigInt({ min: 0n, max: 2n ** 66n }).map(String),
      fc.constant(''),
    );
    const field = fc
      .array(fc.tuple(number, number), { minLength: 1, maxLength: 18 })
      .map((specs) => specs.map(([first, last]) => `${first}-${last}`).join(', '));
    await fc.assert(
      fc.asyncProperty(field, fc.constantFrom('/small', '/empty'), async (specs, path) => {
        const response = await ask(server, path, `Range: bytes=${specs}\r\n`);
        expect([200, 206, 416]).toContain(statusOf(response));
        expect(contentOf(response).length).toBeLessThanOrEqual(1000 + 17 * 200);
        if (statusOf(response) !== 416) {
          const declared = /\r\nContent-Length: (\d+)\r\n/.exec(response)?.[1];
          expect(contentOf(response).length).toBe(Number(declared));
        }
      }),
      { numRuns: 100 },
    );
  });
});

test('a directory created and removed in a loop gives 200 or 404, never an error', async () => {
  await using server = await startTestServer('root www;', { 'www/': null });
  const directory = join(server.directory, 'www/directory');
  for (let round = 0; round < 100; round += 1) {
    const responses = Promise.all([
      ask(server, '/directory/'),
      ask(server, '/directory'),
      ask(server, '/directory/index.html'),
    ]);
    if (round % 2 === 0) {
      mkdirSync(directory);
      writeFileSync(join(directory, 'index.html'), 'x');
    } else rmSync(directory, { recursive: true });
    for (const response of await responses) expect([200, 301, 404]).toContain(statusOf(response));
  }
  expect(server.log).toEqual([]);
});
