import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';

const php = 'cgi .php /bin/sh;';
const files = { 'w/sub/': null, 'other/': null };

async function warnings(conf: string): Promise<readonly string[]> {
  await using server = await startTestServer(conf, files);
  const related = server.warnings.flatMap((warning) => warning.related ?? []);
  expect(related.every(({ place }) => /cgi/.test(place.text))).toBe(true);
  return server.warnings.map(({ code, message }) => `${code}: ${message.replace(/below \S+/, 'below DIR')}`);
}

const other = (inside: string) => `server { listen 127.0.0.1:0; ${inside} }`;
describe('sending the source of a script causes a warning', () => {
  it.each([
    [
      'a location with ^~',
      `root w; location *.php { ${php} } location ^~ /sub { location /sub/in { } }`,
      'location ^~ /sub',
      'location *.php',
    ],
    [
      'an exact location',
      `root w; location *.php { ${php} } location = /x.php { auth_basic off; }`,
      'location = /x.php',
      'location *.php',
    ],
    [
      'the same directory under two names',
      `location /a { root w; ${php} } location /b { root w; }`,
      'location /b',
      'location /a',
    ],
    [
      'a directory below',
      `location /a { root w; ${php} } location /b { root w/sub; }`,
      'location /b',
      'location /a',
    ],
    [
      'a directory above',
      `location /a { root w/sub; ${php} } location /b { root w; }`,
      'location /b',
      'location /a',
    ],
    [
      'another server',
      `${other(`server_name a; root w; ${php}`)} ${other('server_name b; root w;')}`,
      'server b',
      'server a',
    ],
  ])('%s', async (_name, conf, sender, runner) => {
    const [first, ...rest] = await warnings(conf);
    expect(first).toMatch(/^script-source: /);
    expect(first).toContain(`${sender} sends the source of *.php files`);
    expect(first).toContain(`${runner} runs`);
    expect(rest).toEqual([]);
  });

  it.each([
    [
      'an extension location beside location /',
      `root w; location / { } location *.php { ${php} } location /sub { }`,
    ],
    ['scripts in one directory of a site', `root w; location /sub { ${php} }`],
    ['cgi off', `root w; location *.php { ${php} } location /sub { cgi off; }`],
    ['static off', `root w; location *.php { ${php} } location ^~ /sub { static off; return 404; }`],
    ['another directory', `root w; location *.php { ${php} } location ^~ /o { root other; }`],
    ['one script', `root w; location = /run.php { ${php} }`],
  ])('but not %s', async (_name, conf) => {
    expect(await warnings(conf)).toEqual([]);
  });
});

describe('a root written for nginx causes a warning', () => {
  it.each([
    ['location /sub/ { root w; }', 'w/sub'],
    ['location /sub { root w; }', 'w/sub'],
    ['location ^~ /sub/ { root w; }', 'w/sub'],
    ['location = /a.txt { root w; }', 'w/a.txt'],
    ['location /sub { location /sub/in { root w; } }', 'w/sub/in'],
    ['location /sub { location *.txt { root w; } }', 'w/sub'],
  ])('%s', async (conf, written) => {
    await using server = await startTestServer(conf, { 'w/sub/in/a.txt': '', 'w/a.txt': '' });
    const found = server.warnings.filter(({ code }) => code === 'nginx-root');
    expect(found).toHaveLength(1);
    expect(found[0]?.hint).toContain(`root ${written};`);
  });

  it.each([
    'location /sub { alias w; }',
    'location / { root w; }',
    'location /other { root w; }',
    'root w; location /sub { }',
  ])('but not %s', async (conf) => {
    await using server = await startTestServer(conf, { 'w/sub/a.txt': '' });
    expect(server.warnings).toEqual([]);
  });
});
