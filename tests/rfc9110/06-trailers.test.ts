import { definePlugin, type Response, Stage } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';
import { message } from '../wire/talk.js';

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one');
  yield Buffer.from('two');
}

const RESPONSES: Readonly<Record<string, () => Response>> = {
  '/stream': () => ({
    status: 200,
    headers: { trailer: 'X-Sum, server-timing' },
    body: pieces(),
    trailers: () => ({ 'x-sum': '6', 'server-timing': ['a', 'b'], 'x-other': 'not announced' }),
  }),
  '/length': () => ({ ...stream(), headers: { trailer: 'x-sum', 'content-length': '6' } }),
  '/text': () => ({ ...stream(), body: 'onetwo' }),
  '/forbidden': () => ({ ...stream(), headers: { trailer: 'x-sum, content-type' } }),
  '/framing': () => ({ ...stream(), headers: { trailer: 'transfer-encoding' } }),
  '/unannounced': () => ({ ...stream(), headers: {} }),
  '/illegal': () => ({ ...stream(), trailers: () => ({ 'x-sum': 'a\r\nB: c' }) }),
  '/throws': () => ({
    ...stream(),
    trailers: () => {
      throw new Error('on purpose');
    },
  }),
  '/only-field': () => ({ status: 200, headers: { trailer: 'x-sum' }, body: pieces() }),
};
const stream = (): Response => ({
  status: 200,
  headers: { trailer: 'x-sum' },
  body: pieces(),
  trailers: () => ({ 'x-sum': '6' }),
});

const plugin = definePlugin({
  name: 'with-trailers',
  apply: ({ hooks }) =>
    hooks.onRoute.tap({ stage: Stage.handler }, ({ request }) => RESPONSES[request.path]?.()),
});

const start = (): Promise<TestServer> => startTestServer('', {}, { plugins: [plugin] });
const ask = (path: string, fields: readonly string[] = ['TE: trailers'], method = 'GET'): string =>
  message(`${method} ${path} HTTP/1.1`, ['Host: a', 'Connection: close', ...fields]);

describe('6.5 trailer fields', () => {
  it('are announced, and sent behind the last chunk; what is not announced is not', async () => {
    await using server = await start();
    const text = await server.raw(ask('/stream'));
    expect(text).toMatch(/^Trailer: X-Sum, Server-Timing\r\n/m);
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(
      '3\r\none\r\n3\r\ntwo\r\n0\r\nX-Sum: 6\r\nServer-Timing: a\r\nServer-Timing: b\r\n\r\n',
    );
  });

  it.each([
    ['to a client that does not say that it reads them', ask('/stream', [])],
    ['to one that takes another coding', ask('/stream', ['TE: deflate'])],
    ['to a client of HTTP/1.0', 'GET /stream HTTP/1.0\r\nTE: trailers\r\n\r\n'],
    ['in the response to HEAD', ask('/stream', ['TE: trailers'], 'HEAD')],
    ['behind a body of known length', ask('/length')],
    ['behind a text', ask('/text')],
    ['without a function that makes them', ask('/only-field')],
  ])('are neither sent nor announced %s', async (_where, request) => {
    await using server = await start();
    const text = await server.raw(request);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text).not.toMatch(/^trailer:|x-sum/im);
    if (!request.startsWith('HEAD')) expect(text).toMatch(/one(?:\r\n3\r\n)?two/);
  });

  it('`trailers` is found among other members of TE', async () => {
    await using server = await start();
    expect(await server.raw(ask('/stream', ['TE: deflate;q=0.5, Trailers']))).toMatch(/^X-Sum: 6\r\n/m);
  });

  it.each([
    ['/forbidden', 'illegal header field "content-type": it may not be a trailer field (RFC 9110 §6.5.1)'],
    ['/framing', 'illegal header field "transfer-encoding": it may not be a trailer field'],
    ['/unannounced', 'the trailers of its response are not announced'],
  ])('%s is an error of the plugin', async (path, problem) => {
    await using server = await start();
    expect(await server.raw(ask(path))).toMatch(/^HTTP\/1\.1 500 /);
    expect(server.log.join('\n')).toContain(problem);
    expect(server.log.join('\n')).toContain('plugin "with-trailers", onRoute');
  });

  it.each([
    ['/illegal', 'illegal header field "x-sum"'],
    ['/throws', 'on purpose'],
  ])('%s breaks the response off', async (path, problem) => {
    await using server = await start();
    const text = await server.raw(ask(path));
    expect(text).toMatch(/two\r\n$/);
    expect(server.log.join('\n')).toContain(problem);
  });
});

describe('6.6.1, 10.2.4 Date and Server of an upstream', () => {
  const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
  const from = (headers: Response['headers'], fromUpstream: boolean) =>
    definePlugin({
      name: 'upstream',
      apply: ({ hooks }) =>
        hooks.onRoute.tap({ stage: Stage.handler }, () =>
          Object.freeze({ status: 200, headers: { ...headers }, body: 'x', fromUpstream }),
        ),
    });
  async function fields(headers: Response['headers'], fromUpstream = true): Promise<readonly string[]> {
    await using server = await startTestServer('', {}, { plugins: [from(headers, fromUpstream)] });
    const text = await server.raw(ask('/'));
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    return (text.match(/^(?:Date|Server): .*$/gm) ?? []).map((line) => line.trim());
  }

  it('are kept, and are one line each', async () => {
    expect(await fields({ date, server: 'theirs/1.0' })).toEqual(['Server: theirs/1.0', `Date: ${date}`]);
  });

  it('a missing Date is added, a missing Server is not', async () => {
    const [only, ...none] = await fields({});
    expect([only, none]).toEqual([expect.stringMatching(/^Date: \w{3}, \d\d \w{3} 20\d\d/), []]);
  });

  it("are the kernel's otherwise", async () => {
    const [server, own] = await fields({ date, server: 'theirs/1.0' }, false);
    expect([server, own === `Date: ${date}`]).toEqual(['Server: webserv', false]);
  });

  it('that cannot be sent are an error', async () => {
    const broken = from({ server: 'a\r\nB: c' }, true);
    await using server = await startTestServer('', {}, { plugins: [broken] });
    expect(await server.raw(ask('/'))).toMatch(/^HTTP\/1\.1 500 /);
  });
});
