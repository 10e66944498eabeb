import { definePlugin, HttpError, type Plugin, Stage, text } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';

const HASH = '$2y$05$cEmT2nVW4fUpZkZnqNdRHOzUYBEkVKLgM5l.a3Rs6kQbyp9RxdvSy';

const script = (text: string) => ({ content: `#!/bin/sh\n${text}\n`, mode: 0o755 });
const echo = script(`printf 'Content-Type: text/plain\\n\\n%s [%s]' "$SCRIPT_NAME" "$(cat)"`);

const post = (server: TestServer, path: string, body: string | AsyncIterable<Uint8Array>) =>
  typeof body === 'string'
    ? server.fetch(path, { method: 'POST', body })
    : server.fetch(path, { method: 'POST', body: ReadableStream.from(body), duplex: 'half' } as RequestInit);

async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < count; sent += 1) yield Buffer.alloc(1000, 'x');
}

/** Reads a part of each body at `stage`, then forwards. */
function reader(stage: number, count: number, target: string | undefined): Plugin {
  return definePlugin({
    name: 'peeking',
    apply({ hooks, route }) {
      if (route.prefix !== '/peek') return;
      hooks.onRoute.tapPromise({ stage }, async (exchange) => {
        for (let read = 0; read < count; read += 1) await exchange.request.body.read();
        return target === undefined ? undefined : exchange.forward(target);
      });
    },
  });
}

describe('the limits of the route that a request is forwarded to hold', () => {
  const files = {
    'www/small/a.sh': echo,
    'www/index/index.sh': echo,
    'www/go.sh': script('echo Location: /small/a.sh; echo'),
  };
  const conf = `client_max_body_size 1m; root www; cgi .sh;
    location /small { client_max_body_size 1000; }
    location /index { index index.sh; location = /index/index.sh { client_max_body_size 1000; } }
    location /try { try_files $uri /small/a.sh; }
    location /narrow { client_max_body_size 500; try_files $uri /wide/a.sh; }
    location /wide { root www/small; client_max_body_size 1m; }
    location /get { methods GET HEAD; }
    location /toget { try_files $uri /get/x; }`;

  it.each(['/small/a.sh', '/try/x', '/index/'])('client_max_body_size: %s', async (path) => {
    await using server = await startTestServer(conf, files);
    expect((await post(server, path, 'x'.repeat(1000))).status).toBe(200);
    expect((await post(server, path, 'x'.repeat(1001))).status).toBe(413);
    expect((await post(server, path, chunks(1))).status).toBe(200);
    expect((await post(server, path, chunks(2))).status).toBe(413);
  });

  it('the smaller one wins', async () => {
    await using server = await startTestServer(conf, files);
    expect((await post(server, '/narrow/x', 'x'.repeat(500))).status).toBe(200);
    expect((await post(server, '/narrow/x', 'x'.repeat(501))).status).toBe(413);
    expect((await post(server, '/wide/a.sh', 'x'.repeat(501))).status).toBe(200);
  });

  it('methods, where the page of an error is a GET', async () => {
    await using server = await startTestServer(conf, files);
    expect((await post(server, '/toget/x', 'x')).status).toBe(405);
  });

  it('also when the body is already partly read: 413', async () => {
    await using server = await startTestServer(`${conf} location /peek { }`, files, {
      plugins: [reader(Stage.handler, 2, '/small/a.sh')],
    });
    expect((await post(server, '/peek', chunks(3))).status).toBe(413);
  });
});

describe('a body is read once', () => {
  it.each([
    ['an access tap', Stage.access, 1],
    ['an access tap, to its end', Stage.access, 10],
    ['a tap that changes nothing', Stage.rewrite, 1],
  ])('by %s: an upload behind it fails with its name, and stores nothing', async (_, stage, count) => {
    await using server = await startTestServer(
      'location /peek { root store; upload on; }',
      { 'store/': null },
      { plugins: [reader(stage, count, undefined)] },
    );
    expect((await server.fetch('/peek/a.txt', { method: 'PUT', body: 'content' })).status).toBe(500);
    expect((await server.fetch('/peek/a.txt')).status).toBe(404);
    expect(server.log.join('\n')).toMatch(/has been read by plugin "peeking", onRoute for location \/peek/);
  });

  it('by a script: not by the script that it redirects to', async () => {
    await using server = await startTestServer(
      'root www; cgi .sh; location /peek { }',
      { 'www/a.sh': echo },
      {
        plugins: [reader(Stage.handler, 1, '/a.sh')],
      },
    );
    expect((await post(server, '/peek', 'content')).status).toBe(500);
    expect((await server.fetch('/peek')).status).toBe(200);
  });

  it('by a tap of onRequest: not by one of a route', async () => {
    const plugin = definePlugin({
      name: 'early',
      setup({ hooks }) {
        hooks.onRequest.tapPromise({}, async ({ body }) => {
          await body.read();
          return undefined;
        });
      },
    });
    await using server = await startTestServer(
      'root www; cgi .sh;',
      { 'www/a.sh': echo },
      { plugins: [plugin] },
    );
    expect((await post(server, '/a.sh', 'content')).status).toBe(500);
    expect(server.log.join('\n')).toContain('has been read by plugin "early", onRequest');
  });

  it('as a whole, by an iterator that outlives its tap', async () => {
    const plugin = definePlugin({
      name: 'echo',
      apply({ hooks }) {
        hooks.onRoute.tap({ stage: Stage.handler }, ({ request }) => ({ status: 200, body: request.body }));
      },
    });
    await using server = await startTestServer('', {}, { plugins: [plugin] });
    expect(await (await post(server, '/', chunks(3))).text()).toBe('x'.repeat(3000));
  });
});

describe('a tap that refuses', () => {
  const counting = (calls: string[], stage: number) =>
    definePlugin({
      name: 'guard',
      directives: { guard: text({ default: undefined, help: 'who it is' }) },
      apply({ options, hooks }) {
        if (options.guard === undefined) return;
        hooks.onRoute.tap({ stage }, ({ request }) => {
          calls.push(`${options.guard} ${request.path}`);
          if (options.guard === 'closed') throw new HttpError(403);
          return undefined;
        });
      },
    });

  it.each([
    ['Stage.limit', Stage.limit],
    ['Stage.access', Stage.access],
    ['just below Stage.handler', Stage.handler - 1],
  ])('at %s is called again on a forward unless the same one has passed', async (_, stage) => {
    const calls: string[] = [];
    await using server = await startTestServer(
      `root www; guard one; try_files $uri $uri/ /same/a.txt;
       location /same { guard one; }
       location /other { guard two; }
       location /closed { guard closed; }
       location /toother { try_files $uri /other/a.txt; }
       location /toclosed { try_files $uri /closed/a.txt; }`,
      {
        'www/index.html': 'index',
        'www/same/a.txt': 'same',
        'www/other/a.txt': 'other',
        'www/closed/a.txt': 'CANARY',
      },
      { plugins: [counting(calls, stage)] },
    );
    const asked = async (path: string) => {
      calls.length = 0;
      const text = await (await server.fetch(path)).text();
      return [text, ...calls];
    };
    expect(await asked('/')).toEqual(['index', 'one /']);
    expect(await asked('/x')).toEqual(['same', 'one /x']);
    expect(await asked('/toother/x')).toEqual(['other', 'one /toother/x', 'two /other/a.txt']);
    expect((await asked('/toclosed/x'))[0]).not.toContain('CANARY');
    expect(calls).toEqual(['one /toclosed/x', 'closed /closed/a.txt']);
  });
});

describe('the page of a refusal', () => {
  const conf = (more: string) => `
    location /members {
      root www; auth_basic "Members"; auth_basic_user_file users; error_page 401 ${more};
      autoindex on; cgi .sh;
    }`;
  const files = {
    users: `alice:${HASH}\n`,
    'www/login.html': 'login',
    'www/secret.txt': 'CANARY',
    'www/go.sh': script('echo Location: /members/secret.txt; echo'),
    'www/list/secret.txt': 'CANARY',
    'www/page/index.html': 'login',
    'www/try/x': 'x',
  };

  it('is sent without the password, with its status, and so is its index file', async () => {
    for (const page of ['/members/login.html', '/members/page/']) {
      await using server = await startTestServer(conf(page), files);
      const answer = await server.fetch('/members/secret.txt');
      expect([answer.status, await answer.text()]).toEqual([401, 'login']);
      expect(answer.headers.get('www-authenticate')).toContain('Members');
    }
  });

  it.each([
    ['a listing', '/members/list/', ''],
    ['what a script redirects to', '/members/go.sh', ''],
    [
      'what try_files leads to',
      '/members/try/none',
      'location /members/try { try_files $uri /members/secret.txt; }',
    ],
    ['another index', '/members/list/', 'location /members/list { index secret.txt; }'],
  ])('is nothing else: not %s', async (name, page, more) => {
    const site = conf(page).replace(/\}\s*$/, `${more} }`);
    await using server = await startTestServer(site, files);
    const answer = await server.fetch('/members/secret.txt');
    const text = await answer.text();
    expect(answer.status).toBe(401);
    if (name === 'another index')
      expect(text).toBe('CANARY'); // the index file of the page is the page
    else {
      expect(text).not.toContain('CANARY');
      expect(text).not.toContain('secret');
    }
  });
});

describe('error_page', () => {
  const files = {
    'www/a.sh': script(`printf 'Status: 302\\nLocation: http://x/\\n\\n'`),
    'www/p.html': 'page',
  };
  it.each([
    ['403 /e204', 403],
    ['403 = /e204', 204],
    ['403 =200 /p.html', 200],
    ['403 =404 /e204', 404],
    ['403 /a.sh', 403],
    ['403 = /a.sh', 302],
    ['403 /e201', 403],
    ['403 = /e201', 201],
    ['403 /p.html', 403],
    ['403 = /p.html', 200],
    ['403 https://x.example/', 302],
    ['403 =301 https://x.example/', 301],
    ['403 = https://x.example/', 302],
  ])('%s is answered with %d', async (page, status) => {
    await using server = await startTestServer(
      `root www; cgi .sh; error_page ${page};
       location /e204 { return 204; } location /e201 { return 201 "made"; } location /closed { return 403; }`,
      files,
    );
    expect((await server.fetch('/closed', { redirect: 'manual' })).status).toBe(status);
  });
});
