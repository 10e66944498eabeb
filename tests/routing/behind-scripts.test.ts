import { mkdir } from 'node:fs/promises';
import { definePlugin, Stage } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const users = 'demo:$apr1$zaaqNDRi$2W87Whg8/OSYthI01Myu31\n';
const login = { authorization: `Basic ${btoa('demo:demo')}` };
const script = {
  content: `#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nran %s %s\\n' "$SCRIPT_NAME" "$PATH_INFO"\n`,
  mode: 0o755,
};

/** Returns for example `200 ran /a.py /x`, over a raw socket. */
async function ask(
  server: TestServer,
  target: string,
  method = 'GET',
  lines = '',
  host = 'a',
): Promise<string> {
  const response = await server.raw(
    `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${lines}\r\n`,
  );
  const [head = '', body = ''] = response.split('\r\n\r\n');
  const text = /transfer-encoding: chunked/i.test(head) ? body.split('\r\n').slice(1).join('') : body;
  return `${head.slice(9, 12)} ${/ran \S+ \S*/.exec(text)?.[0] ?? ''}`.trimEnd();
}

describe('the location of a script applies to the paths after its name', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer(
      `root w; cgi .py /bin/sh; index index.html;
       location = /cgi/admin.py { auth_basic "a"; auth_basic_user_file users; methods GET; }
       location = /small.py { client_max_body_size 5; }
       location = /closed.py { return 403; }
       location = /cgi/admin.py/exact { return 200 "exact"; }
       location = /source.py { cgi off; }
       location /deep/a.py/members { auth_basic "a"; auth_basic_user_file users; methods GET; }
       location /deep/a.py/closed { return 403; }
       location ^~ /cgi/admin.py/static { cgi off; }
       location /front { try_files $uri /cgi/admin.py/front; }
       location /page { error_page 404 /cgi/admin.py/page; }`,
      {
        'w/cgi/admin.py': script,
        'w/small.py': script,
        'w/closed.py': script,
        'w/source.py': 'the source',
        'w/deep/a.py': script,
        'w/lib.py/x.css': 'a style',
        'w/lib.py/b.py': script,
        'w/b.py': script,
        users,
      },
    );
    await mkdir(`${server.directory}/w/empty.py`);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each([
    '/cgi/admin.py',
    '/cgi/admin.py/x',
    '/cgi/admin.py/',
    '//cgi//admin.py/x',
    '/cgi/%61dmin.py/x',
    '/cgi/./admin.py/a/../b',
    '/cgi/x/../admin.py/b',
    '/cgi/admin.py/b.py',
  ])('its password: %s', async (path) => {
    expect(await ask(server, path)).toBe('401');
    expect(await ask(server, path, 'GET', `Authorization: ${login.authorization}\r\n`)).toMatch(
      /^200 ran \/cgi\/admin\.py/,
    );
  });

  it.each(['DELETE', 'POST', 'PUT', 'HEAD'])('its methods: %s', async (method) => {
    expect(await ask(server, '/cgi/admin.py/x', method, 'Content-Length: 0\r\n')).toBe('405');
  });

  it('its limit', async () => {
    expect((await server.fetch('/small.py/x', { method: 'POST', body: '123456' })).status).toBe(413);
    expect((await server.fetch('/small.py/x', { method: 'POST', body: '12345' })).status).toBe(200);
  });

  it('its return', async () => {
    expect(await ask(server, '/closed.py/x')).toBe('403');
  });

  it('also by a forward, or as an error page', async () => {
    expect(await ask(server, '/front/none')).toBe('401');
    expect(await ask(server, '/page/none')).toBe('404');
  });

  it('together with those of the location of the whole path', async () => {
    expect(await ask(server, '/deep/a.py/other')).toBe('200 ran /deep/a.py /other');
    expect(await ask(server, '/deep/a.py/members/x')).toBe('401');
    expect(
      await ask(server, '/deep/a.py/members/x', 'POST', `Authorization: ${login.authorization}\r\n`),
    ).toBe('405');
    expect(
      await ask(server, '/deep/a.py/members/x', 'GET', `Authorization: ${login.authorization}\r\n`),
    ).toBe('200 ran /deep/a.py /members/x');
    expect(await ask(server, '/deep/a.py/closed/x')).toBe('403');
  });

  it('but not in an exact or ^~ location of the whole path in which no script runs', async () => {
    expect(await ask(server, '/cgi/admin.py/static/x')).toBe('404');
    expect(await ask(server, '/source.py/x')).toBe('404');
  });

  it('a directory with a name like a script is not a script', async () => {
    expect(await (await server.fetch('/lib.py/x.css')).text()).toBe('a style');
    expect(await ask(server, '/lib.py/b.py')).toBe('200 ran /lib.py/b.py');
    expect(await ask(server, '/lib.py/b.py/c.py')).toBe('200 ran /lib.py/b.py /c.py');
    expect(await ask(server, '/empty.py/x')).toBe('404');
  });

  it('the first of several scripts in a path runs', async () => {
    expect(await ask(server, '/b.py/b.py')).toBe('200 ran /b.py /b.py');
    expect(await ask(server, '/none.py/b.py')).toBe('404');
  });

  it('an encoded slash is part of a name', async () => {
    expect(await ask(server, '/cgi/admin.py%2Fx')).toMatch(/^40[04]$/);
    expect(await ask(server, '/cgi%2Fadmin.py/x')).toMatch(/^40[04]$/);
  });
});

describe('the path after a script needs the passwords of the script and of the whole path', () => {
  const cases = [
    {
      host: 'extension.test',
      what: 'an extension location and the location of the whole path',
      locations: `location *.py { cgi .py /bin/sh; }
        location /cgi/admin.py/members { auth_basic "a"; auth_basic_user_file users; }`,
    },
    {
      host: 'exact.test',
      what: 'an exact location and the location of the whole path',
      locations: `location = /cgi/admin.py { cgi .py /bin/sh; }
        location /cgi/admin.py/members { auth_basic "a"; auth_basic_user_file users; }`,
    },
    {
      host: 'off.test',
      what: 'the location of the script, where that of the whole path asks for none',
      locations: `cgi .py /bin/sh; location /cgi { auth_basic "a"; auth_basic_user_file users; }
        location /cgi/admin.py/members { auth_basic off; }`,
    },
  ];
  let server: TestServer;
  beforeAll(async () => {
    const hosts = cases.map(
      ({ host, locations }) => `server { listen 127.0.0.1:0; server_name ${host}; root w; ${locations} }`,
    );
    server = await startTestServer(hosts.join('\n'), { 'w/cgi/admin.py': script, users });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each(cases)('$what', async ({ host }) => {
    for (const path of ['/cgi/admin.py/members', '/cgi/admin.py/members/x']) {
      for (const method of ['GET', 'HEAD', 'POST'])
        expect(await ask(server, path, method, 'Content-Length: 0\r\n', host)).toBe('401');
      const lines = `Authorization: ${login.authorization}\r\n`;
      expect(await ask(server, path, 'GET', lines, host)).toMatch(/^200 ran/);
    }
  });
});

describe('an extension location in which scripts run', () => {
  it('handles the paths after their names, but not if no scripts run in it', async () => {
    await using server = await startTestServer(
      `root w; cgi .php /bin/sh;
       location /files { upload on; upload_scripts on; location *.php { return 403; } location *.css { return 404; } }
       location *.txt { return 403; }`,
      { 'w/files/x.php': script, 'w/files/a.css': '', 'w/x.php': script, 'w/a.txt': '', 'w/b.txt/c': 'c' },
    );
    for (const path of [
      '/files/x.php',
      '/files/x.php/',
      '/files/x.php/y',
      '/files/x.php/a.css',
      '/files//x.php/',
      '/files/x.ph%70/',
    ])
      expect(await ask(server, path), path).toMatch(/^40[34]$/);
    expect(await ask(server, '/files/x.php/', 'POST', 'Content-Length: 0\r\n')).toBe('403');
    expect(await ask(server, '/x.php/y')).toBe('200 ran /x.php /y');
    expect(await (await server.fetch('/b.txt/c')).text()).toBe('c');
    expect(await ask(server, '/a.txt')).toBe('403');
  });

  it('works for any plugin, which gets the script', async () => {
    const runner = definePlugin({
      name: 'runner',
      scripts: { names: () => ({ extensions: new Set(['.run']), every: false }), off: 'run off;' },
      apply: ({ hooks }) =>
        hooks.onRoute.tap({ stage: Stage.handler }, ({ script: found }) =>
          found === undefined ? undefined : { status: 200, body: JSON.stringify(found) },
        ),
    });
    await using server = await startTestServer(
      'root w; location = /a.run { auth_basic "a"; auth_basic_user_file users; }',
      { 'w/b/c.run': '', 'w/d.run/e': 'e', users },
      { plugins: [runner] },
    );
    expect(await (await server.fetch('/b/c.run/x/y?z')).json()).toEqual({
      path: '/b/c.run',
      extraPath: '/x/y',
      file: `${server.directory}/w/b/c.run`,
    });
    expect(await (await server.fetch('/d.run/e')).text()).toBe('e');
    expect(await ask(server, '/a.run/x')).toBe('401');
  });
});

describe('a directory of programs: cgi *', () => {
  it('runs executable files, and sends no source', async () => {
    await using server = await startTestServer(
      `location /git { root programs; cgi *; location = /git/admin { auth_basic "a"; auth_basic_user_file users; } }
       location /any { root any; cgi * /bin/sh; cgi .txt /bin/cat; }`,
      {
        'programs/backend': script,
        'programs/admin': script,
        'programs/sub/tool': script,
        'programs/notes.txt': 'SOURCE',
        'programs/.hidden': script,
        'any/thing': script.content,
        'any/b.txt': 'Content-Type: text/plain\n\nran cat x\n',
        users,
      },
    );
    expect(await ask(server, '/git/backend')).toBe('200 ran /git/backend');
    expect(await ask(server, '/git/backend/repo.git/info/refs')).toBe(
      '200 ran /git/backend /repo.git/info/refs',
    );
    expect(await ask(server, '/git/sub/tool/x')).toBe('200 ran /git/sub/tool /x');
    for (const path of ['/git/notes.txt', '/git/notes.txt/x']) expect(await ask(server, path)).toBe('403');
    for (const path of ['/git/none', '/git/none/x', '/git/.hidden', '/git/.hidden/x', '/git/sub/', '/git/'])
      expect(await ask(server, path), path).toBe('404');
    for (const path of ['/git/admin', '/git/admin/x']) expect(await ask(server, path)).toBe('401');
    expect(await ask(server, '/any/thing/x')).toBe('200 ran /any/thing /x');
    expect(await ask(server, '/any/b.txt')).toBe('200 ran cat x');
  });
});

it('a path of thousands of absent names causes few disk accesses', async () => {
  await using server = await startTestServer(
    `client_max_request_line 32k; client_max_header_size 64k;
     server { listen 127.0.0.1:0; location / { root w; cgi .x /bin/true; cgi_require_file off; } }`,
    { 'w/': null },
  );
  const before = process.cpuUsage();
  for (const target of [`${'/a'.repeat(8000)}/b.x`, '/a.x'.repeat(6000), `${'/a'.repeat(8000)}/b.x/c`])
    expect(await ask(server, target)).toMatch(/^50\d|^200/);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(1);
});
