import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** `demo:demo`. */
const users = 'demo:$apr1$zaaqNDRi$2W87Whg8/OSYthI01Myu31\n';
const source = 'SOURCE';
const php = {
  content: `#!/bin/sh\n# ${source}\nprintf 'Content-Type: text/plain\\n\\nran %s %s' "$SCRIPT_FILENAME" "$PATH_INFO"\n`,
  mode: 0o755,
};

describe('an extension location applies inside the prefix locations of its block', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer(
      `root w; index index.php;
       location / { try_files $uri $uri/ /index.php?$args; }
       location *.php { cgi .php /bin/sh; }
       location /methods { methods GET; }
       location /small { client_max_body_size 10; }
       location /aliased { root other; }
       location /secret { auth_basic "s"; auth_basic_user_file users; location /secret/nested { } }
       location /closed { return 403; }
       location /own { location *.php { return 200 "own"; } location /own/in { } }
       location ^~ /plain { cgi off; location /plain/in { } location = /plain/exact.php { cgi .php /bin/sh; } }
       location = /exact.php { return 200 "exact"; }
       error_page 404 =200 /index.php/missing;`,
      {
        'w/index.php': php,
        'w/wp-config.php': php,
        'w/a/b.php': php,
        'w/methods/x.php': php,
        'w/small/x.php': php,
        'other/x.php': php,
        'w/secret/x.php': php,
        'w/secret/nested/x.php': php,
        'w/closed/x.php': php,
        'w/own/x.php': php,
        'w/own/in/x.php': php,
        'w/plain/x.php': source,
        'w/plain/in/x.php': source,
        'w/plain/exact.php': php,
        users,
      },
    );
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const get = async (path: string, init?: RequestInit): Promise<string> => {
    const answer = await server.fetch(path, init);
    return `${answer.status} ${await answer.text()}`;
  };

  it('next to location /, with its root', async () => {
    expect(await get('/wp-config.php')).toBe(`200 ran ${server.directory}/w/wp-config.php `);
    expect(await get('/a/b.php')).toBe(`200 ran ${server.directory}/w/a/b.php `);
    expect(await get('/no/such')).toBe(`200 ran ${server.directory}/w/index.php `);
  });

  it('with the root of the location that contains the path', async () => {
    expect(await get('/aliased/x.php')).toBe(`200 ran ${server.directory}/other/x.php `);
  });

  it('with its methods and limits', async () => {
    expect((await server.fetch('/methods/x.php')).status).toBe(200);
    expect((await server.fetch('/methods/x.php', { method: 'DELETE' })).status).toBe(405);
    expect((await server.fetch('/small/x.php', { method: 'POST', body: 'x'.repeat(11) })).status).toBe(413);
    expect((await server.fetch('/small/x.php', { method: 'POST', body: 'x' })).status).toBe(200);
  });

  it('with its password, nested locations included', async () => {
    for (const path of ['/secret/x.php', '/secret/nested/x.php', '/secret/x.php/y', '/secret//x.php'])
      expect((await server.fetch(path)).status, path).toBe(401);
    const headers = { authorization: `Basic ${btoa('demo:demo')}` };
    expect(await get('/secret/nested/x.php', { headers })).toContain('200 ran');
  });

  it('with its return', async () => {
    expect((await server.fetch('/closed/x.php')).status).toBe(403);
    expect((await server.fetch('/closed/x.php/y')).status).toBe(403);
  });

  it('unless the location has its own for that extension, which also applies to its nested locations', async () => {
    expect(await get('/own/x.php')).toBe('200 own');
    expect(await get('/own/in/x.php')).toBe('200 own');
  });

  it('unless the location or an enclosing one is marked ^~', async () => {
    expect(await get('/plain/x.php')).toBe(`200 ${source}`);
    expect(await get('/plain/in/x.php')).toBe(`200 ${source}`);
    expect(await get('/plain/exact.php')).toContain('200 ran');
  });

  it('not on exact locations', async () => {
    expect(await get('/exact.php')).toBe('200 exact');
  });

  it('for names that a lenient file system resolves to its script', async () => {
    for (const path of [
      '/x.PHP',
      '/wp-config.PHP',
      '/wp-config.php.',
      '/wp-config.php%20',
      '/wp-config.php::$DATA',
    ])
      expect(await get(path), path).not.toContain(source);
  });
});

describe('directives set in both', () => {
  it('the extension location wins; values that add up add up', async () => {
    await using server = await startTestServer(
      `root w;
       add_header X-Server server;
       location *.txt { cache_control "max-age=1"; types { text/x-own txt; } add_header X-From ext; }
       location /p { cache_control "max-age=2"; default_type text/other; add_header X-From prefix; }
       location *.own { return 200 "ext"; }
       location /q { return 200 "prefix"; }`,
      { 'w/a.txt': 'a', 'w/p/a.txt': 'a', 'w/p/a.other': 'a' },
    );
    const fields = async (path: string) => {
      const { headers } = await server.fetch(path);
      return [headers.get('cache-control'), headers.get('content-type'), headers.get('x-from')];
    };
    expect(await fields('/p/a.txt')).toEqual(['max-age=1', 'text/x-own; charset=utf-8', 'ext']);
    expect(await fields('/p/a.other')).toEqual(['max-age=2', 'text/other; charset=utf-8', 'prefix']);
    expect(await (await server.fetch('/q/x.own')).text()).toBe('ext');
    expect(await (await server.fetch('/q/x.txt')).text()).toBe('prefix');
  });

  it('its root maps the prefix of the block that it is written in', async () => {
    await using server = await startTestServer(
      'location *.txt { root texts; } location /p { root p; } location /q { return 404; }',
      { 'texts/p/a.txt': 'here', 'p/a.txt': 'not here' },
    );
    expect(await (await server.fetch('/p/a.txt')).text()).toBe('here');
    expect(server.warnings).toEqual([]);
  });

  it('`cgi off` in a location stays in force, also in nested ones that do not override it', async () => {
    await using server = await startTestServer(
      `root w; location *.sh { cgi .sh /bin/sh; }
       location /off { cgi off; location /off/in { } location /off/on { cgi .sh /bin/sh; } }`,
      { 'w/off/x.sh': source, 'w/off/in/x.sh': source, 'w/off/on/x.sh': php, 'w/x.sh': php },
    );
    expect(await (await server.fetch('/off/x.sh')).text()).toBe(source);
    expect(await (await server.fetch('/off/in/x.sh')).text()).toBe(source);
    expect(await (await server.fetch('/off/on/x.sh')).text()).toContain('ran');
    expect(await (await server.fetch('/x.sh')).text()).toContain('ran');
  });
});

describe('findings about an extension location', () => {
  it('are reported once, where it is written', async () => {
    const locations = Array.from({ length: 20 }, (_, index) => `location /p${index} { }`).join('\n');
    await using server = await startTestServer(
      `root w; location *.x { cgi .x no-such-program; }\n${locations}`,
      { 'w/': null },
    );
    expect(server.warnings.map(({ message, place }) => `${place?.line} ${message}`)).toEqual([
      '3 cgi .x: program "no-such-program" not found',
    ]);
    await expect(
      startTestServer(`root w; location *.x { cgi x y; methods get; }\n${locations}`, { 'w/': null }),
    ).rejects.toThrow(
      /^(?:(?!expected an extension)[\s\S])*expected an extension(?:(?!expected an extension)[\s\S])*$/,
    );
  });
});
