import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';

const shell = (body: string) => ({ content: `#!/bin/sh\n${body}\n`, mode: 0o755 });
const head = "printf 'Content-Type: text/plain\\n\\n'";
const page = (text: string) => shell(`${head}; printf '%s' '${text}'`);

/** A missing tool skips its tests locally and fails them in CI. */
function isMissing(tool: string): boolean {
  const missing = spawnSync(tool, ['--version']).error !== undefined;
  if (missing) console.error(`plugins/cgi: ${tool} is not installed, its tests are skipped`);
  return missing && process.env.CI === undefined;
}

function chunked(content: string, piece: number): RequestInit {
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= content.length) return controller.close();
      controller.enqueue(Buffer.from(content.slice(at, at + piece)));
      at += piece;
    },
  });
  return { method: 'POST', body, duplex: 'half' };
}

describe('which files are scripts', () => {
  it('those with an extension a cgi directive names; others are not', async () => {
    await using server = await startTestServer('location / { root www; cgi .cgi; cgi .sh /bin/sh; }', {
      'www/a.cgi': page('by itself'),
      'www/b.sh': `${head}; printf interpreted`,
      'www/c.cgi.txt': 'a text',
      'www/d': 'no extension',
    });
    const texts = [];
    for (const path of ['/a.cgi', '/b.sh', '/c.cgi.txt', '/d'])
      texts.push(await (await server.fetch(path)).text());
    expect(texts).toEqual(['by itself', 'interpreted', 'a text', 'no extension']);
  });

  it('one that is absent is 404, one that may not be executed 403, a folder is none', async () => {
    await using server = await startTestServer('location / { root www; cgi .cgi; autoindex on; }', {
      'www/plain.cgi': { content: '#!/bin/sh\n', mode: 0o644 },
      'www/folder.cgi/': null,
    });
    expect((await server.fetch('/absent.cgi')).status).toBe(404);
    expect((await server.fetch('/plain.cgi')).status).toBe(403);
    expect((await server.fetch('/folder.cgi/')).status).toBe(200);
  });

  it('one asked for by a folder’s index or by try_files is run, not sent', async () => {
    await using server = await startTestServer(
      `location / { root www; index index.cgi; cgi .cgi; }
       location /app { root www; cgi .cgi; try_files $uri /index.cgi; }
       location /deep { root www; index index.cgi; location *.cgi { cgi .cgi; } }`,
      { 'www/index.cgi': page('front') },
    );
    for (const path of ['/', '/app/no/such/file', '/deep/']) {
      expect(await (await server.fetch(path)).text(), path).toBe('front');
    }
  });

  it('characters are those of UTF-8, unless the configuration says otherwise', async () => {
    await using server = await startTestServer(
      'root www; cgi .sh /bin/sh; location /c { root www; cgi_env LC_CTYPE C; }',
      {
        'www/a.sh': `${head}; printf %s "$LC_CTYPE"`,
        'www/c/a.sh': `${head}; printf %s "$LC_CTYPE"`,
      },
    );
    expect(await (await server.fetch('/a.sh')).text()).toBe('C.UTF-8');
    expect(await (await server.fetch('/c/a.sh')).text()).toBe('C');
  });

  it('extensions of an inner block join those around it', async () => {
    await using server = await startTestServer(
      'root www; cgi .cgi; location /in { root www; cgi .sh /bin/sh; }',
      {
        'www/a.cgi': page('outer'),
        'www/b.sh': `${head}; printf inner`,
      },
    );
    expect(await (await server.fetch('/in/a.cgi')).text()).toBe('outer');
    expect(await (await server.fetch('/in/b.sh')).text()).toBe('inner');
    expect(await (await server.fetch('/b.sh')).text()).toContain('printf inner');
  });
});

describe('cgi_require_file off', () => {
  const shout = shell(`${head}; printf '%s %s ' "$1" "$(pwd)"; tr a-z A-Z`);

  it('starts the program for a file that does not exist, in the nearest folder that does', async () => {
    await using server = await startTestServer(
      `location /directory { root www; location *.bla { cgi .bla ./shout; cgi_require_file off; } }`,
      { 'www/deep/youpi.bla': '', shout },
    );
    const ask = async (path: string) => (await server.fetch(path, chunked('hello', 2))).text();
    const root = `${server.directory}/www`;
    expect(await ask('/directory/deep/youpi.bla')).toBe(`${root}/deep/youpi.bla ${root}/deep HELLO`);
    expect(await ask('/directory/deep/youpla.bla')).toBe(`${root}/deep/youpla.bla ${root}/deep HELLO`);
    expect(await ask('/directory/no/where/x.bla')).toBe(`${root}/no/where/x.bla ${root} HELLO`);
  });

  it('changes nothing for scripts that are their own program', async () => {
    await using server = await startTestServer('location / { root www; cgi .cgi; cgi_require_file off; }', {
      'www/': null,
    });
    expect((await server.fetch('/absent.cgi')).status).toBe(404);
  });
});

describe('failures to start', () => {
  it('an interpreter that is not there is told at the start, and 500', async () => {
    await using server = await startTestServer(
      'location / { root www; cgi .x no-such-program; cgi .y ./none; cgi .z; }',
      {
        'www/a.x': '',
        'www/a.y': '',
        'www/a.z': { content: '#!/no/such/program\n', mode: 0o755 },
      },
    );
    expect(server.warnings.map(({ message }) => message)).toContain(
      'cgi .x: program "no-such-program" not found',
    );
    for (const path of ['/a.x', '/a.y', '/a.z']) expect((await server.fetch(path)).status).toBe(500);
    expect(server.log.join('\n')).toMatch(/cannot start .*none: .*ENOENT/);
  });

  it('give their slot and their descriptors back', async () => {
    await using server = await startTestServer(
      'location / { root www; cgi .x ./none; cgi .cgi; cgi_max_processes 1; }',
      { 'www/a.x': '', 'www/a.cgi': page('still served') },
    );
    const fail = async (): Promise<void> => {
      const request = { method: 'POST', body: 'x'.repeat(100_000) };
      expect((await server.fetch('/a.x', request)).status).toBe(500);
    };
    const open = async (): Promise<number> => (await readdir('/proc/self/fd').catch(() => [])).length;
    await fail();
    const before = await open();
    for (let round = 0; round < 20; round += 1) await fail();
    expect(await open()).toBeLessThanOrEqual(before + 2);
    expect(await (await server.fetch('/a.cgi')).text()).toBe('still served');
  });
});

describe.concurrent('cgi_max_processes', () => {
  const files = {
    'www/counts.cgi': shell(
      `mkdir running.$$; ls -d running.* | wc -l >> seen; sleep 0.1; rmdir running.$$; ${head}; printf done`,
    ),
    'www/seen': '',
  };

  it.each([
    ['of a location', 'location / { root www; cgi .cgi; cgi_max_processes 2; }'],
    [
      'of a server, for all its locations',
      'root www; cgi .cgi; cgi_max_processes 2; location /x { root www; }',
    ],
  ])('bounds the scripts that run at once, and the others wait: %s', async (_name, conf) => {
    await using server = await startTestServer(conf, files);
    const paths = Array.from({ length: 10 }, (_, index) =>
      index % 2 === 0 ? '/counts.cgi' : '/x/../x/counts.cgi',
    );
    if (conf.startsWith('location')) paths.fill('/counts.cgi');
    const answers = await Promise.all(paths.map((path) => server.fetch(path)));
    expect(answers.map((answer) => answer.status)).toEqual(paths.map(() => 200));
    await Promise.all(answers.map((answer) => answer.text()));
    const counts = (await (await server.fetch('/seen')).text()).trim().split(/\s+/).map(Number);
    expect(counts).toHaveLength(10);
    expect(Math.max(...counts)).toBeLessThanOrEqual(2);
  });

  it('answers 503 with Retry-After beyond the queue', async ({ expect }) => {
    await using server = await startTestServer('location / { root www; cgi .cgi; cgi_max_processes 1; }', {
      'www/waits.cgi': shell('until [ -e go ]; do sleep 0.1; done; echo Status: 200; echo; echo done'),
    });
    const responses: Response[] = [];
    const all = Array.from({ length: 12 }, async () => {
      responses.push(await server.fetch('/waits.cgi'));
    });
    // Beyond the script that runs and the eight that wait.
    await expect.poll(() => responses.length).toBe(3);
    await writeFile(join(server.directory, 'www/go'), '');
    await Promise.all(all);
    expect(responses.map(({ status }) => status)).toEqual([503, 503, 503, ...Array(9).fill(200)]);
    expect(responses[0]?.headers.get('retry-after')).toBe('5');
    await Promise.all(responses.map((response) => response.text()));
  });
});

describe('the directives', () => {
  const refused = async (line: string): Promise<string> => {
    try {
      await using server = await startTestServer(`location / { root www; ${line} }`);
      return `accepted on ${server.port}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };

  it.each([
    ['cgi py python3;', 'did you mean ".py"?'],
    ['cgi .tar.gz;', 'expected an extension'],
    ['cgi ./x;', 'expected an extension'],
    ['cgi;', 'cgi'],
    ['cgi_timeout 0;', 'a time above 0 and up to 24d'],
    ['cgi_timeout 25d;', 'a time above 0 and up to 24d'],
    ['cgi_timeout soon;', 'a time above 0 and up to 24d'],
    ['cgi_path_info some;', '"rest", "full", "off"'],
    ['cgi .*;', 'for a directory of programs, whatever their names, write "cgi *;"'],
    ['cgi off python3;', '"off" takes no further arguments'],
    ['cgi_env 1A x;', 'expected the name of an environment variable'],
    ['cgi_env A=B x;', 'expected the name of an environment variable'],
    ['cgi_env A;', 'cgi_env'],
    ['cgi_max_processes 0;', 'a whole number from 1 to 10000'],
  ])('refuse %s', async (line, message) => {
    expect(await refused(line)).toContain(message);
  });
});

describe.skipIf(isMissing('python3'))('Python', () => {
  const greet = `#!/usr/bin/env python3
import os, sys
from urllib.parse import parse_qs
length = int(os.environ.get('CONTENT_LENGTH') or 0)
form = parse_qs(sys.stdin.buffer.read(length).decode()) if length else {}
query = parse_qs(os.environ['QUERY_STRING'])
print('Content-Type: text/plain; charset=utf-8')
print('Set-Cookie: a=1')
print('Set-Cookie: b=2')
print()
print(os.environ['REQUEST_METHOD'], query.get('q'), form.get('name'), open('beside.txt').read())
`;
  const files = {
    'www/a.py': greet,
    'www/beside.txt': 'beside',
    'www/b.cgi': { content: greet, mode: 0o755 },
  };
  const conf = 'location / { root www; cgi .py python3 -u; cgi .cgi; cgi_env PYTHONIOENCODING utf-8; }';

  it('answers GET with a query and POST with a form, chunked or not', async () => {
    await using server = await startTestServer(conf, files);
    for (const path of ['/a.py', '/b.cgi']) {
      const answer = await server.fetch(`${path}?q=%C3%A4`);
      expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
      expect(await answer.text()).toBe("GET ['ä'] None beside\n");
      const form = { method: 'POST', body: new URLSearchParams({ name: 'zoë' }) };
      expect(await (await server.fetch(path, form)).text()).toBe("POST None ['zoë'] beside\n");
      const streamed = await server.fetch(path, chunked('name=in+pieces', 3));
      expect(await streamed.text()).toBe("POST None ['in pieces'] beside\n");
    }
  });

  it('that crashes is 502, with its traceback in the error log', async () => {
    await using server = await startTestServer(conf, { 'www/crash.py': 'raise ValueError("a bad day")' });
    expect((await server.fetch('/crash.py')).status).toBe(502);
    expect(server.log.join('\n')).toContain('ValueError: a bad day');
    expect(server.log.join('\n')).toContain('exited with 1');
  });

  it('that has a segmentation fault in mid-answer does not look like a whole answer', async () => {
    const crash =
      'import os\nprint("Content-Type: text/plain\\n\\nbegin", flush=True)\nos.kill(os.getpid(), 11)';
    await using server = await startTestServer(conf, { 'www/crash.py': crash });
    await expect(server.fetch('/crash.py').then((answer) => answer.text())).rejects.toThrow();
    expect(server.log.join('\n')).toContain('was killed by SIGSEGV');
  });
});

describe.skipIf(isMissing('php-cgi'))('PHP', () => {
  const conf = 'location / { root www; cgi .php php-cgi; index index.php; client_max_body_size 20m; }';

  it('answers GET with a query and POST with a form, chunked or not', async () => {
    await using server = await startTestServer(conf, {
      'www/a.php':
        "<?php echo $_SERVER['REQUEST_METHOD'], ' ', $_GET['q'] ?? '', ' ', $_POST['name'] ?? '', ' ', file_get_contents('beside.txt');",
      'www/beside.txt': 'beside',
    });
    expect(await (await server.fetch('/a.php?q=%C3%A4')).text()).toBe('GET ä  beside');
    const form = { method: 'POST', body: new URLSearchParams({ name: 'zoë' }) };
    expect(await (await server.fetch('/a.php?q=1', form)).text()).toBe('POST 1 zoë beside');
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const streamed = await server.fetch('/a.php', { ...chunked('name=in+pieces', 3), headers });
    expect(await streamed.text()).toBe('POST  in pieces beside');
  });

  it('has status, redirects, cookies and headers as scripts write them', async () => {
    await using server = await startTestServer(conf, {
      'www/status.php':
        "<?php http_response_code(404); header('X-A: b'); setcookie('c', 'd'); setcookie('e', 'f'); echo 'gone';",
      'www/away.php': "<?php header('Location: /a.php?x=y');",
      'www/far.php': "<?php header('Location: https://example.org/', true, 301);",
      'www/index.php': '<?php echo "front ", $_SERVER["SCRIPT_NAME"];',
    });
    const gone = await server.fetch('/status.php');
    expect([gone.status, gone.headers.get('x-a'), gone.headers.getSetCookie()]).toEqual([
      404,
      'b',
      ['c=d', 'e=f'],
    ]);
    expect(await gone.text()).toBe('gone');
    const away = await server.fetch('/away.php');
    expect([away.status, away.headers.get('location')]).toEqual([302, '/a.php?x=y']);
    expect((await server.fetch('/far.php')).status).toBe(301);
    expect(await (await server.fetch('/')).text()).toBe('front /index.php');
  });

  it('takes a file from a form, larger than memory is used for', async () => {
    await using server = await startTestServer(conf, {
      'www/up.php':
        "<?php echo $_FILES['file']['name'], ' ', md5_file($_FILES['file']['tmp_name']), ' ', filesize($_FILES['file']['tmp_name']);",
    });
    const content = 'x'.repeat(1_000_000);
    const form = new FormData();
    form.set('file', new Blob([content]), 'large.txt');
    const answer = await server.fetch('/up.php', { method: 'POST', body: form });
    expect(await answer.text()).toBe(`large.txt ${createHash('md5').update(content).digest('hex')} 1000000`);
  });

  it('gets Basic credentials to check itself, and no options from the query', async () => {
    await using server = await startTestServer(conf, {
      'www/user.php': "<?php echo $_SERVER['PHP_AUTH_USER'] ?? 'nobody', ' ', $_SERVER['PHP_AUTH_PW'] ?? '';",
      'www/source.php': '<?php echo "ran"; // THE-SOURCE',
    });
    const headers = { authorization: `Basic ${btoa('me:secret')}` };
    expect(await (await server.fetch('/user.php', { headers })).text()).toBe('me secret');
    for (const query of ['-s', '-d+allow_url_include%3dOn', '%ADs', '-h']) {
      expect(await (await server.fetch(`/source.php?${query}`)).text()).toBe('ran');
    }
  });

  it('that fails is 500 as PHP says, with its message in the error log', async () => {
    await using server = await startTestServer(conf, { 'www/broken.php': '<?php nonsense(' });
    expect((await server.fetch('/broken.php')).status).toBe(500);
    expect(server.log.join('\n')).toContain('broken.php');
  });
});

describe.concurrent('cgi_max_processes', () => {
  it('refuses with 503 and Retry-After those who find no place in the queue, and no others', async ({
    expect,
  }) => {
    await using server = await startTestServer('root www; cgi .sh /bin/sh; cgi_max_processes 2 queue=1;', {
      'www/s.sh': "sleep 1; printf 'Content-Type: text/plain\\n\\nran'",
    });
    const answers = await Promise.all(Array.from({ length: 6 }, () => server.fetch('/s.sh')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 503, 503, 503]);
    const refused = answers.find(({ status }) => status === 503);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('lets nobody wait longer than told', async ({ expect }) => {
    await using server = await startTestServer('root www; cgi .sh /bin/sh; cgi_max_processes 1 wait=200ms;', {
      'www/s.sh': "sleep 2; printf 'Content-Type: text/plain\\n\\nran'",
    });
    const [first, second] = await Promise.all([server.fetch('/s.sh'), server.fetch('/s.sh')]);
    expect([first.status, second.status].sort()).toEqual([200, 503]);
  });

  it.each([
    ['cgi_max_processes 0;', 'expected a whole number from 1 to 10000'],
    ['cgi_max_processes 1 queue=x;', 'expected a whole number from 0 to 1000000, got "x"'],
    ['cgi_max_processes 1 wait=;', 'expected a time above 0'],
    ['cgi_max_processes 1 queue=1 queue=2;', 'expected queue=N or wait=TIME, got "queue=2"'],
    ['cgi_max_processes 1 limit=1;', 'expected queue=N or wait=TIME, got "limit=1"'],
  ])('%s is a mistake', async (conf, message) => {
    await expect(startTestServer(conf)).rejects.toThrow(message);
  });
});
