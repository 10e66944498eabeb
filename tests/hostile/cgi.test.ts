import { existsSync, readdirSync } from 'node:fs';
import { readdir, readFile, symlink } from 'node:fs/promises';
import { definePlugin } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SocketlessServer } from '../../src/testing/socketless.js';
import { prints, rawReflection, reflect, reflection, shell } from '../rfc3875/scripts.js';
import { type Dialled, dial } from '../wire/transport.js';

/** Descriptors and processes can only be counted on systems with /proc. */
const hasProc = existsSync('/proc/self/fd');
if (!hasProc) console.error('hostile/cgi: no /proc, so that left-over processes are not counted');

const MARKER = 'SOURCE-OF-THE-SCRIPT';
const script = (body: string) => shell(`# ${MARKER}\n${body}`);
const page = script("printf 'Content-Type: text/plain\\n\\noutput'");

const requestOf = (method: string, target: string, lines: string): string =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines}\r\n`;

/**
 * Sends raw bytes, because fetch() would normalise them. Returns the status line and everything else of the response.
 */
async function send(
  server: TestServer,
  method: string,
  target: string,
  lines = '',
  content = '',
): Promise<string> {
  return server.raw(requestOf(method, target, lines) + content);
}

const statusOf = (answer: string): number => Number(answer.slice(9, 12));

describe('script source sent', () => {
  const configurations = {
    'cgi for a whole location': 'location / { root www; cgi .cgi; autoindex on; }',
    'cgi by extension': 'location / { root www; autoindex on; location *.cgi { cgi .cgi; } }',
    'cgi with path-info': 'location / { root www; cgi .cgi; cgi_path_info full; }',
    'cgi without required files': 'location / { root www; cgi .cgi; cgi_require_file off; }',
    'cgi with an index': 'location / { root www; cgi .cgi; index x.cgi; }',
    'cgi by extension with an index': 'location / { root www; index x.cgi; location *.cgi { cgi .cgi; } }',
    'cgi with try_files': 'location / { root www; cgi .cgi; try_files $uri $uri.cgi /x.cgi; }',
  };
  const targets = [
    '/x.cgi',
    '/x.cgi.',
    '/x.cgi..',
    '/x.cgi%20',
    '/x.cgi%20%20.',
    '/x.cgi%0a',
    '/x.cgi%00',
    '/x.cgi%00.txt',
    '/x.cgi/',
    '/x.cgi//',
    '/x.cgi/.',
    '/x.cgi/..',
    '/x.cgi/x',
    '/x.cgi/x.txt',
    '/x.CGI',
    '/X.cgi',
    '/x.Cgi/y',
    '/x.%63gi',
    '/x%2ecgi',
    '/x%2Ecg%69',
    '//x.cgi',
    '/./x.cgi',
    '/sub/../x.cgi',
    '/sub/%2e%2e/x.cgi',
    '/sub/..%2fx.cgi',
    '/sub\\..\\x.cgi',
    '/x.cgi%3f',
    '/x.cgi?',
    '/x.cgi?/y.txt',
    '/x.cgi;y.txt',
    '/x.cgi#y.txt',
    '/x.cgi::$DATA',
    '/x.cgi:stream',
    '/x.cgi%5c',
    '/x.cgi%c0%ae',
    'http://a/x.cgi',
    'http://a/x.CGI',
    '/x',
    '/',
    '/sub/',
  ];

  it.each(Object.entries(configurations))('is in no response: %s', async (_name, conf) => {
    // Connections inside this process: each of 2,000 requests needs its own, because a rejection ends the connection.
    const files = { 'www/x.cgi': page, 'www/sub/x.cgi': page };
    await using server = await SocketlessServer.open({ conf, files, plugins: [] });
    const responseTo = async (target: string, method: string, lines: string): Promise<string> => {
      const connection = server.connect();
      await connection.send(Buffer.from(requestOf(method, target, lines), 'latin1'));
      return (await connection.closed()).toString('latin1');
    };
    const check = async (target: string, method: string, lines: string): Promise<void> => {
      const response = await responseTo(target, method, lines);
      expect(response, `${method} ${target} ${lines}`).not.toContain(MARKER);
      expect(response.match(/^HTTP\/1\.1 /gm), `${method} ${target}`).toHaveLength(1);
      expect(statusOf(response), `${method} ${target}`).not.toBe(503);
    };
    for (const target of targets) {
      await Promise.all([
        check(target, 'GET', ''),
        check(target, 'GET', 'Range: bytes=0-\r\n'),
        check(target, 'GET', 'If-Range: "x"\r\nRange: bytes=1-60\r\n'),
        check(target, 'HEAD', ''),
        check(target, 'PUT', 'Content-Length: 0\r\n'),
        check(target, 'DELETE', ''),
        check(target, 'OPTIONS', ''),
      ]);
    }
    expect(statusOf(await responseTo('/x.cgi', 'GET', ''))).toBe(200);
  });

  it('is 404 for a name that only a lenient file system resolves to a script', async () => {
    const name = { content: MARKER, mode: 0o644 };
    await using server = await startTestServer('location / { root www; cgi .cgi; }', {
      'www/x.CGI': name,
      'www/x.cgi.': name,
      'www/x.cgi ': name,
      'www/x.cgi::$DATA': name,
      'www/x.cgI. .': name,
      'www/ordinary.txt.': 'an ordinary file',
    });
    for (const target of ['/x.CGI', '/x.cgi.', '/x.cgi%20', '/x.cgi::$DATA', '/x.cgI.%20.', '/x.CGI/y']) {
      expect(statusOf(await send(server, 'GET', target)), target).toBe(404);
    }
    expect(await (await server.fetch('/ordinary.txt.')).text()).toBe('an ordinary file');
  });

  it('of a script outside the root, in a hidden directory or unreadable is neither sent nor run', async () => {
    await using server = await startTestServer('location / { root www; cgi .cgi; cgi .sh /bin/sh; }', {
      'www/.hidden/x.cgi': page,
      'www/.x.cgi': page,
      'www/folder/y.txt': '',
      'outside/x.cgi': page,
      'outside/x.sh': page,
    });
    await symlink('../outside/x.cgi', `${server.directory}/www/link.cgi`);
    await symlink('../outside/x.sh', `${server.directory}/www/link.sh`);
    await symlink('../../outside', `${server.directory}/www/folder/out`);
    for (const target of ['/link.cgi', '/link.sh', '/folder/out/x.cgi', '/folder/out/x.sh', '/link.cgi/x']) {
      const answer = await send(server, 'GET', target);
      expect(statusOf(answer), target).toBe(403);
      expect(answer).not.toMatch(/output|SOURCE/);
    }
    for (const target of ['/.hidden/x.cgi', '/.x.cgi', '/%2ex.cgi', '/%2Ehidden/x.cgi']) {
      expect(statusOf(await send(server, 'GET', target)), target).toBe(404);
    }
  });

  it('of a picture is not run by an interpreter that walks back from a script which does not exist', async () => {
    await using server = await startTestServer(
      'location / { root www; cgi .php /bin/sh -c "echo ran >&2"; cgi_require_file off; }',
      { 'www/picture.jpg': MARKER, 'www/outside': null },
    );
    await symlink('/', `${server.directory}/www/everything`);
    expect((await server.fetch('/picture.jpg/x.php')).status).toBe(404);
    expect((await server.fetch('/everything/tmp/x.php')).status).toBe(403);
    expect(server.log.join()).not.toContain('ran');
  });
});

describe('httpoxy, header names that collide', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer('location / { root www; cgi .cgi; }', { 'www/a.cgi': reflect });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const seen = async (lines: string) => {
    const request = `GET /a.cgi HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines}\r\n`;
    return (await rawReflection(server, request)).environment;
  };

  it.each(['Proxy', 'PROXY', 'proxy'])('no HTTP_PROXY from %s', async (name) => {
    expect((await seen(`${name}: http://evil.example\r\n`)).HTTP_PROXY).toBeUndefined();
  });

  it.each([
    'Content_Length: 5',
    'X_Real_IP: 1.2.3.4',
    'X.Real.Ip: 1.2.3.4',
    "X'Real'Ip: 1.2.3.4",
    'X|Real|Ip: 1.2.3.4',
    'Pro_xy: x',
  ])('%s never becomes a variable', async (line) => {
    // The parser may reject it; if it does not, the script must not see it.
    const answer = await send(server, 'GET', '/a.cgi', `${line}\r\nX-Real-IP: 9.9.9.9\r\n`);
    expect(answer).not.toMatch(/1\.2\.3\.4|CONTENT_LENGTH|PRO_XY/);
  });

  it('variables named like properties of Object.prototype are variables', async () => {
    const lines = 'Constructor: a\r\nToString: b\r\nValueOf: c\r\n';
    expect(await seen(lines)).toMatchObject({ HTTP_CONSTRUCTOR: 'a', HTTP_TOSTRING: 'b', HTTP_VALUEOF: 'c' });
    const { environment } = await reflection(server, '/a.cgi?__proto__=x&constructor=y');
    expect(environment.QUERY_STRING).toBe('__proto__=x&constructor=y');
  });

  it('trailers are invisible to scripts', async () => {
    const trailers = 'X-Late: x\r\nAuthorization: y\r\nProxy: z\r\n';
    const content = `1\r\nx\r\n0\r\n${trailers}\r\n`;
    const answer = await send(server, 'POST', '/a.cgi', 'Transfer-Encoding: chunked\r\n', content);
    expect(answer).not.toMatch(/HTTP_X_LATE|HTTP_AUTHORIZATION|HTTP_PROXY/);
  });

  it('an environment that is too large for the system is refused, and the server goes on', async () => {
    const conf = `client_max_header_size 1m;
      server { listen 127.0.0.1:0; location / { root www; cgi .cgi; } }`;
    await using large = await startTestServer(conf, { 'www/a.cgi': reflect });
    const answer = await send(large, 'GET', '/a.cgi', `X-Large: ${'x'.repeat(200_000)}\r\n`);
    expect(statusOf(answer)).toBe(431);
    expect((await large.fetch('/a.cgi')).status).toBe(200);
  });
});

describe('response splitting by scripts', () => {
  const outputs: Readonly<Record<string, string>> = {
    'a CR in a value': "printf 'Content-Type: a/b\\nX-A: b\\rSet-Cookie: c\\n\\nbody'",
    'a NUL in a value': "printf 'Content-Type: a/b\\nX-A: b\\000c\\n\\nbody'",
    'a bare CR for a line break': "printf 'Content-Type: a/b\\rX-A: b\\r\\rbody'",
    'a name with a space': "printf 'Content-Type: a/b\\nX A: b\\n\\nbody'",
    'an empty name': "printf 'Content-Type: a/b\\n: b\\n\\nbody'",
    'Content-Length and Transfer-Encoding':
      "printf 'Status: 200\\nContent-Length: 4\\nTransfer-Encoding: chunked\\n\\nbody'",
    'two Content-Lengths': "printf 'Status: 200\\nContent-Length: 4\\nContent-Length: 5\\n\\nbody'",
    'a negative Content-Length': "printf 'Status: 200\\nContent-Length: -4\\n\\nbody'",
    'no blank line': "printf 'Content-Type: a/b\\nX-A: b\\n'",
    'nothing at all': ':',
    'only a blank line': 'echo',
    rubbish: 'head -c 100000 /dev/zero',
    'a response of its own': "printf 'HTTP/1.1 200 OK\\r\\nContent-Type: a/b\\r\\n\\r\\nbody'",
    '1 MB of header':
      "printf 'Content-Type: a/b\\nX-A: '; head -c 1000000 /dev/zero | tr '\\000' x; printf '\\n\\nbody'",
    'a header without end': "while :; do printf 'X-A: b\\n'; done",
    'Status: 99': "printf 'Status: 99\\n\\nbody'",
    'Status: abc': "printf 'Status: abc\\n\\nbody'",
    'Status: 101': "printf 'Status: 101 Switching Protocols\\nUpgrade: x\\n\\nbody'",
  };

  let server: TestServer;
  beforeAll(async () => {
    const scripts = Object.values(outputs).map((body, at) => [`www/${at}.cgi`, shell(body)] as const);
    const files = { ...Object.fromEntries(scripts), 'www/next.txt': 'in step' };
    server = await startTestServer('location / { root www; cgi .cgi; }', files);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each(Object.keys(outputs).map((name, at) => [name, at] as const))(
    '%s gives one 502, and the connection stays in step',
    async (_name, at) => {
      const response = await server.raw(
        `GET /${at}.cgi HTTP/1.1\r\nHost: a\r\n\r\nGET /next.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      );
      expect(response.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 502', 'HTTP/1.1 200']);
      expect(response).not.toMatch(/Set-Cookie|X-A|body\b(?!>|\{)/);
      expect(response).toMatch(/in step$/);
    },
  );

  it('a loop of Locations ends with 500', async () => {
    await using server = await startTestServer('location / { root www; cgi .cgi; }', {
      'www/a.cgi': prints('Location: /b.cgi\n'),
      'www/b.cgi': prints('Location: /a.cgi\n'),
    });
    expect((await server.fetch('/a.cgi')).status).toBe(500);
  });

  it('what scripts write to the log is one escaped line each', async () => {
    await using server = await startTestServer('location / { root www; cgi .cgi; }', {
      'www/a.cgi': shell("printf 'a\\033[31mb\\rc\\n' >&2; printf 'Content-Type: a/b\\n\\nx'"),
    });
    await (await server.fetch('/a.cgi')).text();
    await expect.poll(() => server.log.some((line) => line.includes('a.cgi: a'))).toBe(true);
    for (const control of ['\u001b', '\r', '\n']) expect(server.log.join('')).not.toContain(control);
  });
});

describe('argv and shell', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer('location / { root www; cgi .cgi; cgi .sh /bin/sh; }', {
      'www/a.cgi': reflect,
      'www/b.sh': reflect.content,
      'www/-s.sh': page.content,
      'www/--help.sh': page.content,
    });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each(['-s', '-d+x', '-n', '--version', '%0aid', '`id`', '$(id)', '|id', ';id', '&&id'])(
    'the query %s is not an argument, and not a command',
    async (query) => {
      for (const path of ['/a.cgi', '/b.sh']) {
        const answer = await send(server, 'GET', `${path}?${query}`);
        expect(answer).not.toContain('argument=');
        expect(answer).not.toContain('uid=');
      }
    },
  );

  it('a function in a header is text', async () => {
    const attack = '() { :;}; echo vulnerable';
    const { environment } = await reflection(server, '/a.cgi', {
      headers: { 'user-agent': attack, cookie: attack },
    });
    expect(environment.HTTP_USER_AGENT).toBe(attack);
    expect(environment.HTTP_COOKIE).toBe(attack);
  });

  it('a name that looks like an option is a file', async () => {
    for (const path of ['/-s.sh', '/--help.sh'])
      expect(await (await server.fetch(path)).text()).toBe('output');
  });
});

/** Marks the `sleep` processes of these tests among all processes of the machine. */
const SLEEP = `3600.${process.pid}`;

/** Processes that ran before these tests. */
const earlier = new Set(hasProc ? readdirSync('/proc') : []);

/** Command lines of marked processes, and of zombies of this process. */
async function leftOver(): Promise<string[]> {
  const found: string[] = [];
  const names = await readdir('/proc');
  const running = new Set(names);
  // A process that has ended may leave its number to a script.
  for (const name of earlier) if (!running.has(name)) earlier.delete(name);
  for (const pid of names) {
    if (!/^\d+$/.test(pid) || earlier.has(pid)) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    // A zombie has no command line.
    const status = command === '' ? await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '') : '';
    const zombie = /^State:\s*Z/m.test(status) && status.includes(`PPid:\t${process.pid}\n`);
    if (zombie || command.includes(SLEEP))
      found.push(`${pid} ${command.replaceAll('\0', ' ')}${zombie ? 'zombie' : ''}`);
  }
  return found;
}

const descriptors = async (): Promise<number> => (await readdir('/proc/self/fd')).length;

/** A client that sends a request; the caller reads the response. */
async function client(server: TestServer, bytes: string): Promise<Dialled> {
  const dialled = await dial({ host: '127.0.0.1', port: server.port });
  dialled.socket.on('error', () => {});
  dialled.socket.write(bytes);
  return dialled;
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

describe.skipIf(!hasProc)('script lifetime', () => {
  const conf = (more = '') => `location / { root www; cgi .cgi; cgi_timeout 500ms; ${more} }`;
  const head = "printf 'Content-Type: text/plain\\n\\n'";
  const files = {
    'www/sleeps.cgi': shell(`sleep ${SLEEP}`),
    'www/begins.cgi': shell(`${head}; printf begin; sleep ${SLEEP}`),
    'www/deaf.cgi': shell(`trap '' TERM; sleep ${SLEEP}`),
    'www/leaves.cgi': shell(`${head}; printf done; sleep ${SLEEP} &`),
    'www/detaches.cgi': shell(`${head}; printf done; sleep ${SLEEP} >/dev/null 2>&1 </dev/null &`),
    'www/closes.cgi': shell(`${head}; printf done; exec 1>&- 2>&-; sleep ${SLEEP}`),
    'www/complains.cgi': shell(`head -c 3000000 /dev/zero | tr '\\000' 'e' >&2; ${head}; printf done`),
    'www/lines.cgi': shell(`yes 'a line of an error' | head -n 100000 >&2; ${head}; printf done`),
    'www/ignores.cgi': shell(`${head}; printf done`),
    'www/endless.cgi': shell(`${head}; : ${SLEEP}; exec yes`),
    'www/next.txt': 'alive',
  };
  let server: TestServer;
  let open = 0;

  beforeAll(async () => {
    server = await startTestServer(conf(), files);
    await (await server.fetch('/ignores.cgi')).text();
    open = await descriptors();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** No zombies, no orphans, all descriptors closed. fetch() keeps a few connections of its own. */
  const clean = async (): Promise<void> => {
    await expect.poll(leftOver).toEqual([]);
    await expect.poll(descriptors).toBeLessThanOrEqual(open + 4);
    expect((await send(server, 'GET', '/next.txt')).endsWith('alive')).toBe(true);
  };

  it('one that sleeps forever gets 504 in time', async () => {
    const started = performance.now();
    expect(statusOf(await send(server, 'GET', '/sleeps.cgi'))).toBe(504);
    expect(performance.now() - started).toBeLessThan(20_000);
    await clean();
  });

  it('one that falls silent during its response is cut off', async () => {
    expect(await send(server, 'GET', '/begins.cgi')).toMatch(/begin\r\n$/);
    await clean();
  });

  it('one that ignores SIGTERM is killed', async () => {
    expect(statusOf(await send(server, 'GET', '/deaf.cgi'))).toBe(504);
    await clean();
  });

  it.each(['/leaves.cgi', '/detaches.cgi', '/closes.cgi'])(
    'one that leaves something behind: %s',
    async (path) => {
      const started = performance.now();
      expect(await send(server, 'GET', path)).toMatch(/done\r\n0\r\n\r\n$/);
      expect(performance.now() - started).toBeLessThan(10_000);
      await clean();
    },
  );

  it.each(['/complains.cgi', '/lines.cgi'])(
    'one that writes megabytes of errors is not blocked: %s',
    async (path) => {
      const before = server.log.length;
      expect(await send(server, 'GET', path)).toMatch(/done\r\n0\r\n\r\n$/);
      await expect.poll(() => server.log.at(-1)).toMatch(/more characters were not logged$/);
      const logged = server.log.slice(before).join('\n');
      expect(logged.length).toBeLessThan(1_000_000);
      await clean();
    },
  );

  it.each([10, 65_536, 900_000])(
    'the response of one that exits without reading its %d bytes is sent',
    async (size) => {
      const content = 'x'.repeat(size);
      const answer = await send(server, 'POST', '/ignores.cgi', `Content-Length: ${size}\r\n`, content);
      expect(answer).toMatch(/done\r\n0\r\n\r\n$/);
      await clean();
    },
  );

  it('HEAD of one without end', async () => {
    expect(statusOf(await send(server, 'HEAD', '/endless.cgi'))).toBe(200);
    await clean();
  });

  it('the client leaves before the header', async () => {
    await using patient = await startTestServer('location / { root www; cgi .cgi; }', files);
    const gone = await client(patient, get('/sleeps.cgi'));
    await expect.poll(leftOver).not.toEqual([]);
    gone.reset();
    await clean();
  });

  it('the client leaves during the response', async () => {
    await using patient = await startTestServer('location / { root www; cgi .cgi; }', files);
    const { socket } = await client(patient, get('/endless.cgi'));
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    await clean();
    const waiting = await client(patient, get('/begins.cgi'));
    await new Promise((resolve) => waiting.socket.once('data', resolve));
    waiting.reset();
    await clean();
  });

  it('another plugin replaces the script’s response', async () => {
    const censor = definePlugin({
      name: 'censor',
      apply: ({ hooks }) => hooks.onResponse.tap({}, () => ({ status: 200, body: 'censored' })),
    });
    const conf = 'location / { root www; cgi .cgi; }';
    await using other = await startTestServer(conf, files, { plugins: [censor] });
    expect(await send(other, 'GET', '/endless.cgi')).toMatch(/censored$/);
    await clean();
  });

  it('the client leaves while it sends the body: no script is started', async () => {
    const head = 'POST /sleeps.cgi HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n';
    const gone = await client(server, head + 'x'.repeat(500_000));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await leftOver()).toEqual([]);
    gone.reset();
    await clean();
  });

  it('the server stops: nothing goes on', async () => {
    await using other = await startTestServer('location / { root www; cgi .cgi; }', files);
    await client(other, get('/sleeps.cgi'));
    await client(other, get('/deaf.cgi'));
    await expect.poll(async () => (await leftOver()).length).toBe(2);
    await other.stop(0);
    await clean();
  });

  it('the server’s process ends without stopping: its scripts are killed with it', async () => {
    const before = new Set(process.listeners('exit'));
    await using other = await startTestServer('location / { root www; cgi .cgi; }', files);
    await client(other, get('/deaf.cgi'));
    await expect.poll(async () => (await leftOver()).length).toBe(1);
    for (const listener of process.listeners('exit')) if (!before.has(listener)) listener.call(process, 0);
    await clean();
  });

  it('200 simultaneous scripts that sleep: a bounded number of processes, and the others are served', async () => {
    await using busy = await startTestServer(conf('cgi_max_processes 3;'), files);
    const asked = Array.from({ length: 200 }, async () => statusOf(await send(busy, 'GET', '/sleeps.cgi')));
    await expect.poll(leftOver).not.toEqual([]);
    const times: number[] = [];
    let most = 0;
    for (let round = 0; round < 20; round += 1) {
      const started = performance.now();
      expect((await send(busy, 'GET', '/next.txt')).endsWith('alive')).toBe(true);
      times.push(performance.now() - started);
      most = Math.max(most, (await leftOver()).length);
    }
    // Those that are being killed are seen for a moment beside the next ones.
    expect(most).toBeLessThanOrEqual(6);
    expect(times.sort((a, b) => a - b)[10]).toBeLessThan(1000);
    const statuses = await Promise.all(asked);
    expect(new Set(statuses)).toEqual(new Set([503, 504]));
    // Three ran and 24 waited; late requests may have found a place in the queue again.
    expect(statuses.filter((status) => status === 504).length).toBeGreaterThanOrEqual(3 + 24);
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(100);
    await clean();
  });
});
