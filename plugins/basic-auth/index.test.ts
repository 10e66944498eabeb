import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ConfigError } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { hashesOf, isMissing, line } from './htpasswd.test.fixture.js';

const PROTECT = 'auth_basic "Members only"; auth_basic_user_file users;';
const ann = line('-B', 'ann', 'secret');

const basic = (user: string, password: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

const as = async (server: TestServer, user: string, password: string, path = '/'): Promise<number> =>
  (await server.fetch(path, { headers: basic(user, password) })).status;

const start = (conf: string, users = `${ann}\n`, files = {}): Promise<TestServer> =>
  startTestServer(conf, { users, 'www/index.html': 'in', 'www/a.txt': 'a', ...files });

/** Rounds of the cheapest hashes: those of the default number are checked in verify.test.ts. */
const KINDS = ['-B', '-m', '-s', '-2 -r 1000', '-5 -r 1000'];

/** Several tests share a server, because each server that checks a password starts a thread. */
describe.skipIf(isMissing)('a client passes', () => {
  let server: TestServer;
  beforeAll(async () => {
    const bobs = hashesOf(KINDS.map((kind) => [kind, 'bob’s password']));
    const eves = hashesOf(KINDS.map((kind) => [kind, '']));
    const lines = [
      ...bobs.map((hash, at) => `bob${at}:${hash}`),
      ...eves.map((hash, at) => `eve${at}:${hash}`),
    ];
    server = await start(
      `root www; upload on; access_log log.json json; ${PROTECT} add_header X-User $remote_user;
       location /v { return 200 "[$remote_user]"; }
       location /run { root run; upload off; autoindex on; cgi .sh sh; }`,
      `${[ann, ...lines].join('\n')}\n`,
      {
        'run/index.html': 'in',
        'run/a.sh': 'printf "Content-Type: text/plain\\n\\nran"',
        'run/env.sh': 'printf "Content-Type: text/plain\\n\\n"; env',
        'run/list/x': '',
      },
    );
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('not without a name and a password: 401 with the challenge', async () => {
    const response = await server.fetch('/a.txt');
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="Members only", charset="UTF-8"');
  });

  test.each(KINDS.map((kind, at) => [kind, at] as const))(
    'as a user of htpasswd %s with the right password',
    async (_, at) => {
      const [bob, eve] = [`bob${at}`, `eve${at}`];
      expect(await as(server, bob, 'bob’s password')).toBe(200);
      expect(await as(server, bob, 'bob’s password')).toBe(200);
      expect(await as(server, bob, 'wrong')).toBe(401);
      expect(await as(server, bob, '')).toBe(401);
      expect(await as(server, eve, '')).toBe(200);
      expect(await as(server, eve, 'bob’s password')).toBe(401);
      expect(await as(server, `nobody${at}`, '')).toBe(401);
      expect(await as(server, `nobody${at}`, 'bob’s password')).toBe(401);
      expect(await as(server, bob.toUpperCase(), 'bob’s password')).toBe(401);
    },
  );

  test('not with a hash for a password, and not with the name of a property of objects', async () => {
    expect(await as(server, 'ann', ann.slice('ann:'.length))).toBe(401);
    for (const name of ['__proto__', 'constructor', 'toString']) expect(await as(server, name, '')).toBe(401);
  });

  test('not with a malformed field, and not with two', async () => {
    const { authorization } = basic('ann', 'secret');
    const twice = await server.raw(
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: ${authorization}\r\nAuthorization: ${authorization}\r\n\r\n`,
    );
    expect(twice).toMatch(/^HTTP\/1\.1 401 /);
    for (const field of ['Basic', 'Basic %%%', 'Bearer x', `Basic ${'A'.repeat(5000)}`]) {
      expect((await server.fetch('/', { headers: { authorization: field } })).status).toBe(401);
    }
  });

  test('by no other method, and not for a file that does not exist', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'PROPFIND'])
      expect((await server.fetch('/none', { method })).status).toBe(401);
    expect((await server.fetch('/none', { headers: basic('ann', 'secret') })).status).toBe(404);
  });

  test('to an index file, a listing and a script only with a password', async () => {
    for (const path of ['/run/', '/run/a.sh', '/run/list/']) {
      expect((await server.fetch(path)).status).toBe(401);
      expect(await as(server, 'ann', 'secret', path)).toBe(200);
    }
  });

  test('under a name that is a variable, REMOTE_USER for a script, and in the access log; the password is nowhere', async () => {
    const response = await server.fetch('/run/env.sh', { headers: basic('ann', 'secret') });
    const environment = await response.text();
    expect(environment).toContain('REMOTE_USER=ann\n');
    expect(environment).toContain('AUTH_TYPE=Basic\n');
    expect(environment).not.toContain('HTTP_AUTHORIZATION');
    expect(response.headers.get('x-user')).toBe('ann');
    expect((await server.fetch('/a.txt', { headers: basic('ann', 'wrong') })).headers.has('x-user')).toBe(
      false,
    );
    expect(server.log.join('\n')).not.toMatch(/secret|wrong/);
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
    const response = await server.fetch('/?a=%22%5C%0ab', { headers: { 'x-x': 'no', x: 'one' } });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Basic realm="A one .* \$", charset="UTF-8"$/);
  });

  test('have a realm of their own, quoted, in UTF-8', async () => {
    await using server = await start(
      `root www; ${PROTECT} location /in { auth_basic 'The "€" \\\\ room'; root www; }`,
    );
    const response = await server.raw('GET /in/a.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(Buffer.from(response, 'latin1').toString()).toContain(
      'WWW-Authenticate: Basic realm="The \\"€\\" \\\\ room", charset="UTF-8"\r\n',
    );
  });

  test('show the page for 401 without asking for it', async () => {
    await using server = await start(`root www; error_page 401 404 /page.txt; ${PROTECT}`, undefined, {
      'www/page.txt': 'who are you?',
    });
    const response = await server.fetch('/a.txt');
    expect([response.status, await response.text()]).toEqual([401, 'who are you?']);
    expect(response.headers.get('www-authenticate')).toContain('Members only');
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
    const found = error instanceof ConfigError ? error.diagnostics : [];
    expect(found.map((diagnostic) => diagnostic.message)).toEqual([expect.stringContaining(message)]);
    expect(found[0]?.place?.line).toBe(3);
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

/** The tests share a server, because each server starts a thread. */
describe.skipIf(isMissing).concurrent('the file', () => {
  const names = ['changed', 'alike', 'malformed', 'gone'] as const;
  type Name = (typeof names)[number];
  let server: TestServer;
  beforeAll(async () => {
    const locations = names.map(
      (name) => `location /${name} { root www; auth_basic "Members only"; auth_basic_user_file ${name}; }`,
    );
    server = await startTestServer(locations.join(' '), {
      ...Object.fromEntries(names.map((name) => [name, `${ann}\n`])),
      alike: `${line('-s', 'ann', 'one')}\n`,
      'www/index.html': 'in',
    });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const pathOf = (name: Name): string => join(server.directory, name);
  const statusOf = (name: Name, user: string, password: string): Promise<number> =>
    as(server, user, password, `/${name}/`);

  /** The file is checked every second. */
  const becomes = (
    { expect }: TestContext,
    status: number,
    ...request: [name: Name, user: string, password: string]
  ): Promise<void> => expect.poll(() => statusOf(...request), { interval: 200 }).toBe(status);

  test('is read again when it changes: cached passwords are forgotten', async (context) => {
    const { expect } = context;
    expect(await statusOf('changed', 'ann', 'secret')).toBe(200);
    await writeFile(pathOf('changed'), `${line('-m', 'bob', 'b')}\n`);
    await becomes(context, 401, 'changed', 'ann', 'secret');
    expect(await statusOf('changed', 'bob', 'b')).toBe(200);
  });

  test('is read again when it changes to as many bytes with the same time', async (context) => {
    const { expect } = context;
    const time = new Date('2024-01-01');
    await utimes(pathOf('alike'), time, time);
    expect(await statusOf('alike', 'ann', 'one')).toBe(200);
    await writeFile(pathOf('alike'), `${line('-s', 'ann', 'two')}\n`);
    await utimes(pathOf('alike'), time, time);
    await becomes(context, 401, 'alike', 'ann', 'one');
    expect(await statusOf('alike', 'ann', 'two')).toBe(200);
  });

  test.for(['malformed', 'gone'] as const)(
    'stays in use while the new version is not usable: %s',
    async (name, context) => {
      const { expect } = context;
      if (name === 'gone') await rm(pathOf(name));
      else await writeFile(pathOf(name), 'ann:hunter2\n');
      const reports = (): number =>
        server.log.filter(
          (text) => text.includes(pathOf(name)) && text.includes('the previous version stays in use'),
        ).length;
      await expect
        .poll(async () => (await statusOf(name, 'ann', 'secret')) === 200 && reports(), { interval: 200 })
        .toBe(1);
      await wait(1200);
      expect(await statusOf(name, 'ann', 'hunter2')).toBe(401);
      expect(await statusOf(name, 'ann', 'secret')).toBe(200);
      expect(reports()).toBe(1);
      expect(server.log.join()).not.toContain('hunter2');
      await writeFile(pathOf(name), `${line('-m', 'ann', 'third')}\n`);
      await becomes(context, 200, name, 'ann', 'third');
    },
  );
});
