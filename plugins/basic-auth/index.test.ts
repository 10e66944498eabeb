import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ConfigError } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { isMissing, line } from './htpasswd.test.fixture.js';

const PROTECT = 'auth_basic "Members only"; auth_basic_user_file users;';
const ann = line('-B', 'ann', 'secret');

const basic = (user: string, password: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

const as = async (server: TestServer, user: string, password: string, path = '/'): Promise<number> =>
  (await server.fetch(path, { headers: basic(user, password) })).status;

const start = (conf: string, users = `${ann}\n`, files = {}): Promise<TestServer> =>
  startTestServer(conf, { users, 'www/index.html': 'in', 'www/a.txt': 'a', ...files });

describe.skipIf(isMissing)('who passes', () => {
  test('nobody without a name and a password: 401 with the challenge', async () => {
    await using server = await start(`root www; ${PROTECT}`);
    const answer = await server.fetch('/a.txt');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="Members only", charset="UTF-8"');
  });

  test.each(['-B', '-m', '-s', '-2', '-5'])('a user of htpasswd %s with the right password', async (kind) => {
    const users = `${line(kind, 'bob', 'bob’s password')}\n${line(kind, 'eve', '')}\n`;
    await using server = await start(`root www; ${PROTECT}`, users);
    expect(await as(server, 'bob', 'bob’s password')).toBe(200);
    expect(await as(server, 'bob', 'bob’s password')).toBe(200);
    expect(await as(server, 'bob', 'wrong')).toBe(401);
    expect(await as(server, 'bob', '')).toBe(401);
    expect(await as(server, 'eve', '')).toBe(200);
    expect(await as(server, 'eve', 'bob’s password')).toBe(401);
    expect(await as(server, 'nobody', '')).toBe(401);
    expect(await as(server, 'nobody', 'bob’s password')).toBe(401);
    expect(await as(server, 'BOB', 'bob’s password')).toBe(401);
  });

  test('nobody with a hash for a password, and nobody with what belongs to objects', async () => {
    await using server = await start(`root www; ${PROTECT}`);
    expect(await as(server, 'ann', ann.slice('ann:'.length))).toBe(401);
    for (const name of ['__proto__', 'constructor', 'toString']) expect(await as(server, name, '')).toBe(401);
  });

  test('nobody whose field is malformed or there twice', async () => {
    await using server = await start(`root www; ${PROTECT}`);
    const { authorization } = basic('ann', 'secret');
    const twice = await server.raw(
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: ${authorization}\r\nAuthorization: ${authorization}\r\n\r\n`,
    );
    expect(twice).toMatch(/^HTTP\/1\.1 401 /);
    for (const field of ['Basic', 'Basic %%%', 'Bearer x', `Basic ${'A'.repeat(5000)}`]) {
      expect((await server.fetch('/', { headers: { authorization: field } })).status).toBe(401);
    }
  });

  test('is asked for every method and for what is not there', async () => {
    await using server = await start(`root www; upload on; ${PROTECT}`);
    for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'PROPFIND'])
      expect((await server.fetch('/none', { method })).status).toBe(401);
    expect((await server.fetch('/none', { headers: basic('ann', 'secret') })).status).toBe(404);
  });
});

describe.skipIf(isMissing)('the directives', () => {
  test('are inherited, and off in a block that says so', async () => {
    await using server = await start(
      `root www; ${PROTECT} location /public { auth_basic off; root www; } location /in { root www; }`,
    );
    expect((await server.fetch('/in/a.txt')).status).toBe(401);
    expect((await server.fetch('/public/a.txt')).status).toBe(200);
  });

  test('have a realm in which variables are filled in, and cannot break the field', async () => {
    await using server = await startTestServer(
      `root www; auth_basic "A $http_x $arg_a $$"; auth_basic_user_file users;`,
      { 'www/': null, users: '' },
    );
    const answer = await server.fetch('/?a=%22%5C%0ab', { headers: { 'x-x': 'no', x: 'one' } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm="A one .* \$", charset="UTF-8"$/);
  });

  test('have a realm of their own, quoted, in UTF-8', async () => {
    await using server = await start(
      `root www; ${PROTECT} location /in { auth_basic 'The "€" \\\\ room'; root www; }`,
    );
    const answer = await server.raw('GET /in/a.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(Buffer.from(answer, 'latin1').toString()).toContain(
      'WWW-Authenticate: Basic realm="The \\"€\\" \\\\ room", charset="UTF-8"\r\n',
    );
  });

  test('ask before an index file, a listing and a script', async () => {
    await using server = await start(`root www; autoindex on; cgi .sh sh; ${PROTECT}`, undefined, {
      'www/a.sh': 'printf "Content-Type: text/plain\\n\\nran"',
      'www/list/x': '',
    });
    for (const path of ['/', '/a.sh', '/list/']) {
      expect((await server.fetch(path)).status).toBe(401);
      expect(await as(server, 'ann', 'secret', path)).toBe(200);
    }
  });

  test('show the page for 401 without asking for it', async () => {
    await using server = await start(`root www; error_page 401 404 /page.txt; ${PROTECT}`, undefined, {
      'www/page.txt': 'who are you?',
    });
    const answer = await server.fetch('/a.txt');
    expect([answer.status, await answer.text()]).toEqual([401, 'who are you?']);
    expect(answer.headers.get('www-authenticate')).toContain('Members only');
    expect((await server.fetch('/page.txt')).status).toBe(401);
  });

  test.each([
    ['auth_basic_user_file none;', 'it does not exist'],
    ['auth_basic_user_file www;', 'it is not a regular file'],
    ['auth_basic_user_file broken;', 'line 2, "bob": expected a password hash'],
    ['', 'auth_basic has no auth_basic_user_file'],
  ])('are refused at load: %s', async (directive, message) => {
    const conf = `root www; auth_basic x; ${directive} location /a { root www; }`;
    const error = await start(conf, undefined, { broken: `${ann}\nbob:plain\n` }).catch((e: unknown) => e);
    const told = error instanceof ConfigError ? error.diagnostics : [];
    expect(told.map((diagnostic) => diagnostic.message)).toEqual([expect.stringContaining(message)]);
    expect(told[0]?.place?.line).toBe(3);
  });

  test.each(['""', '"a\\r\\nb"'])('have no realm %s', async (realm) => {
    await expect(start(`auth_basic ${realm};`)).rejects.toThrow('expected a realm of one line');
  });

  test('warn of users that do not count', async () => {
    await using server = await startTestServer(
      'root www; auth_basic x; auth_basic_user_file users; location /a { root www; }',
      { users: `${ann}\n${ann}\n`, 'www/': null },
    );
    expect(server.warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('line 2: "ann" is defined again'),
    ]);
  });
});

describe.skipIf(isMissing)('the name', () => {
  test('is a variable, REMOTE_USER for a script, and in the access log; the password is nowhere', async () => {
    await using server = await start(
      `root www; cgi .sh sh; access_log log.json json; ${PROTECT} location /v { return 200 "[$remote_user]"; }
       add_header X-User $remote_user;`,
      undefined,
      { 'www/a.sh': 'printf "Content-Type: text/plain\\n\\n"; env' },
    );
    const answer = await server.fetch('/a.sh', { headers: basic('ann', 'secret') });
    const environment = await answer.text();
    expect(environment).toContain('REMOTE_USER=ann\n');
    expect(environment).toContain('AUTH_TYPE=Basic\n');
    expect(environment).not.toContain('HTTP_AUTHORIZATION');
    expect(answer.headers.get('x-user')).toBe('ann');
    expect((await server.fetch('/a.txt', { headers: basic('ann', 'wrong') })).headers.has('x-user')).toBe(
      false,
    );
    expect(server.log.join('\n')).not.toMatch(/secret|wrong/);
  });
});

describe.skipIf(isMissing)('the file', () => {
  const replace = (server: TestServer, users: string): Promise<void> =>
    writeFile(join(server.directory, 'users'), users);

  /** The file is checked every second. */
  const becomes = (server: TestServer, user: string, password: string, status: number): Promise<void> =>
    expect.poll(() => as(server, user, password), { timeout: 10_000, interval: 200 }).toBe(status);

  test('is read again when it changes: who was let in is not remembered', async () => {
    await using server = await start(`root www; ${PROTECT}`);
    expect(await as(server, 'ann', 'secret')).toBe(200);
    await replace(server, `${line('-m', 'bob', 'b')}\n`);
    await becomes(server, 'ann', 'secret', 401);
    expect(await as(server, 'bob', 'b')).toBe(200);
  });

  test('is read again when it changes to as many bytes with the same time', async () => {
    await using server = await start(`root www; ${PROTECT}`, `${line('-s', 'ann', 'one')}\n`);
    const path = join(server.directory, 'users');
    const time = new Date('2024-01-01');
    await utimes(path, time, time);
    expect(await as(server, 'ann', 'one')).toBe(200);
    await replace(server, `${line('-s', 'ann', 'two')}\n`);
    await utimes(path, time, time);
    await becomes(server, 'ann', 'one', 401);
    expect(await as(server, 'ann', 'two')).toBe(200);
  });

  test.each(['plain text', 'gone'])('stays as it was while the new one is broken: %s', async (how) => {
    await using server = await start(`root www; ${PROTECT}`);
    if (how === 'gone') await rm(join(server.directory, 'users'));
    else await replace(server, 'ann:hunter2\n');
    const told = (): number =>
      server.log.filter((text) => text.includes('the previous version stays in use')).length;
    await expect
      .poll(async () => (await as(server, 'ann', 'secret')) === 200 && told(), { timeout: 10_000 })
      .toBe(1);
    await wait(1200);
    expect(await as(server, 'ann', 'hunter2')).toBe(401);
    expect(await as(server, 'ann', 'secret')).toBe(200);
    expect(told()).toBe(1);
    expect(server.log.join()).not.toContain('hunter2');
    await replace(server, `${line('-m', 'ann', 'third')}\n`);
    await becomes(server, 'ann', 'third', 200);
  });
});
