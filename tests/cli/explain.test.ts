import { describe, expect, it } from 'vitest';
import { builtinPlugins } from '../../src/builtin.js';
import { readRequestUrl } from '../../src/cli/request-url.js';
import { explain } from '../../src/inspect/explain.js';
import { loadConfigText } from '../../src/kernel/config/files/load.js';
import { assemble } from '../../src/kernel/server/assembly.js';
import { startTestServer } from '../../src/testing/index.js';
import { command } from './in-process.js';
import { folderWith } from './webserv.js';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

const files = {
  'webserv.conf': [
    'server {',
    '  listen 8080;',
    '  server_name one.test;',
    '  root www;',
    '  location /a { methods GET; autoindex on; }',
    '  location = /exact { return 301 /a; }',
    '  location /s { cgi .py python3; location *.py { cgi_timeout 5s; } }',
    '}',
    'server { listen 8080; server_name *.two.test; root two; }',
    'server { listen 127.0.0.1:8080 default_server; return 403; }',
    'server { listen 8081; server_name x; return 204; }',
  ].join('\n'),
  'www/a/file.txt': 'twelve bytes',
  'www/s/run.py': '',
  'two/index.html': '',
};

/** The rows of an explanation by their labels. */
async function rows(...args: string[]): Promise<Record<string, string>> {
  const { code, stdout, stderr } = await command(['explain', ...args], { cwd: await folderWith(files) });
  expect([code, stderr]).toEqual([0, '']);
  const parts = stdout.split(/^(?=\S)/m).map((part) => [part.slice(0, 10).trim(), part.slice(10).trimEnd()]);
  return Object.fromEntries(parts);
}

describe('webserv explain', () => {
  it('shows server, location, methods, file and plugins with their directives', async () => {
    const found = await rows('http://one.test:8080/a/file.txt?x=1');
    expect(found).toMatchObject({
      request: 'GET /a/file.txt?x=1, host one.test',
      address: '0.0.0.0:8080 at webserv.conf:2:10',
      server: 'one.test at webserv.conf:1:1: it has the name one.test',
      location: '/a at webserv.conf:5:3: it is the longest matching prefix',
      methods: 'GET (from "methods")',
      response: 'from the first plugin that responds; if none does, 404',
    });
    expect(found.file).toMatch(/\/www\/a\/file\.txt, 12 bytes$/);
    expect(found.plugins?.replace(/\n */g, '\n')).toBe(
      '1. static, stage content\n2. autoindex, stage fallback\nautoindex on; at webserv.conf:5:30',
    );
  });

  it('gives the reason for the location: exact, by extension, or none', async () => {
    expect((await rows('/exact')).location).toBe(
      '= /exact at webserv.conf:6:3: it matches exactly this path',
    );
    const script = await rows('/s/run.py', '-X', 'POST');
    expect(script.location).toBe(
      '*.py at webserv.conf:7:34: the path ends with .py, inside location /s at webserv.conf:7:3',
    );
    expect(script.plugins).toMatch(
      /^1\. cgi, stage handler\n.*cgi \.py python3; at webserv\.conf:7:17\n.*cgi_timeout 5s;/,
    );
    expect((await rows('/other')).location).toBe('none: no location matches this path');
  });

  it('gives the reason for the server: its name, a wildcard name, the default, the first, the only one', async () => {
    expect((await rows('http://a.b.two.test:8080/')).server).toContain('it has the name *.two.test');
    expect((await rows('http://other:8080/')).server).toContain('it is the first on this address');
    expect((await rows('http://127.0.0.1:8080/')).server).toContain('it is the only one on this address');
    expect((await rows('http://x:8081/')).server).toContain('it has the name x');
    expect((await rows('localhost:8081')).server).toContain('it is the only one on this address');
  });

  it('shows responses of the kernel that no plugin takes part in', async () => {
    expect((await rows('/a/', '-X', 'POST')).response).toBe('405: POST is not an allowed method');
    expect((await rows('/', '--method', 'BREW')).response).toBe(
      '501: the server does not implement the method BREW',
    );
    expect((await rows('/', '-X', 'OPTIONS')).response).toBe('204 with Allow, from the kernel');
    expect((await rows('/a%zz')).response).toMatch(/^400: /);
  });

  it('shows a file that is a directory, or missing', async () => {
    expect((await rows('/a/')).file).toMatch(/\/www\/a\/, a directory$/);
    expect((await rows('/none')).file).toMatch(/\/www\/none, which does not exist$/);
    expect((await rows('http://127.0.0.1:8080/')).file).toBe('none: no root is configured');
  });

  it('shows a script followed by PATH_INFO, and that names with a dot are hidden', async () => {
    expect((await rows('/s/run.py/a/b')).file).toMatch(/\/www\/s\/run\.py, 0 bytes$/);
    expect((await rows('/a/.git/config')).file).toMatch(/which is hidden: a name in it starts with a dot$/);
  });

  it('shows the page of an error', async () => {
    const cwd = await folderWith({
      'webserv.conf': `
        error_page 404 /404.html; error_page 405 =403 /no; error_page 501 https://example.org/;
        server { listen 80; root www; location /m { methods GET; } location /off { static off; upload on; upload_store .; } }
        server { listen 81; }`,
      'www/index.html': '',
    });
    const answer = async (...args: string[]) => {
      const { stdout } = await command(['explain', ...args], { cwd });
      return /^response +(.*)$/m.exec(stdout)?.[1];
    };
    expect(await answer('/')).toBe(
      'from the first plugin that responds; if none does, 404 with the page /404.html',
    );
    expect(await answer('/m', '-X', 'PUT')).toBe(
      '405 with the page /no, as status 403: PUT is not an allowed method',
    );
    expect(await answer('/', '-X', 'BREW')).toBe(
      '501, as a redirect to https://example.org/: the server does not implement the method BREW',
    );
    expect(await answer('/off')).toBe('405 with the page /no, as status 403: no plugin handles this method');
    expect(await answer('http://a:81/')).toBe('404 with the page /404.html: no plugin handles this request');
  });

  it('asks for the port if a URL has none and nothing listens on 80', async () => {
    const { code, stderr } = await command(['explain', 'one.test/a?b'], { cwd: await folderWith(files) });
    expect([code, stderr]).toEqual([1, expect.stringContaining('webserv explain one.test:PORT/a?b')]);
    const tls = await command(['explain', 'https://one.test/'], { cwd: await folderWith(files) });
    expect([tls.code, tls.stderr]).toEqual([1, expect.stringContaining('nothing listens on port 443;')]);
  });

  it('of a port that nothing listens on is exit 1, and lists the addresses', async () => {
    const cwd = await folderWith(files);
    const { code, stdout, stderr } = await command(['explain', 'http://one.test:9999/'], { cwd });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('nothing listens on port 9999; webserv.conf has 0.0.0.0:8080, 127.0.0.1:8080');
  });
});

describe('an explanation', () => {
  const conf = `
    server {
      listen 127.0.0.1:0; server_name a.test;
      return 200 "a server";
      location / { return 200 "a /"; }
      location /x { return 200 "a /x"; location *.php { return 200 "a *.php"; } location = /x/y { return 200 "a = /x/y"; } }
      location /x/y { return 200 "a /x/y"; }
    }`;
  const paths = ['/', '/x', '/xx', '/x/', '/x/y', '/x/y/z', '/x/a.php', '/x/y/a.php', '/%78/../x/y', '/x//y'];

  it.each(paths)('names the location that responds to %s', async (path) => {
    await using server = await startTestServer(conf);
    const answer = await (await server.fetch(path)).text();
    const { config } = await loadConfigText(conf, {
      file: 'a.conf',
      base: '/srv',
      builtins: builtinPlugins(),
    });
    if (config === undefined) throw new Error('no configuration');
    const assembly = await assemble(config, silent);
    const url = readRequestUrl(path);
    if (url.path === undefined) throw new Error('no path');
    const explained = await explain(config, assembly, { ...url, path: url.path, method: 'GET' });
    expect(`a ${explained?.block.name.replace('location ', '')}`).toBe(answer);
    await assembly.dispose();
  });
});

describe('a URL on the command line', () => {
  it.each([
    ['/a', { host: undefined, port: undefined, path: '/a', target: '/a' }],
    ['http://Example.org', { host: 'example.org', port: 80, path: '/', target: '/' }],
    ['example.org:8080/a?b#c', { host: 'example.org', port: 8080, path: '/a', target: '/a?b' }],
    ['http://[::1]:1/a b/ü', { host: '[::1]', port: 1, path: '/a b/ü', target: '/a%20b/%C3%BC' }],
    ['HTTPS://h', { scheme: 'https', host: 'h', port: 443, isPortNamed: false }],
    ['https://h:8443/a', { scheme: 'https', host: 'h', port: 8443 }],
    ['h:8443/a', { scheme: undefined, host: 'h', port: 8443 }],
    ['http://h?q', { host: 'h', port: 80, path: '/', target: '/?q' }],
    ['/a/../../b', { path: undefined, target: '/a/../../b' }],
  ])('%s', (text, expected) => {
    expect(readRequestUrl(text)).toMatchObject(expected);
  });

  it.each(['ftp://a/', 'http:///a', 'http://a b/', 'http://a:99999/', ''])('%j is none', (text) => {
    expect(() => readRequestUrl(text)).toThrow();
  });
});
