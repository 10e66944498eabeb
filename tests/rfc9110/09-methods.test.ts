import { definePlugin, type Plugin, type Response, type RouteTapOptions, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';
import { type Answer, readAnswers } from '../wire/answers.js';
import { get, message, post, SECOND, startRecording } from '../wire/talk.js';
import { HTTPS_IS_RIGHT, onlyOverTcp } from '../wire/transport.js';

function answering(methods: readonly string[], response: () => Response, name = 'answering'): Plugin {
  return definePlugin({
    name,
    apply({ hooks }) {
      hooks.onRoute.tap({ stage: Stage.handler, methods }, response);
    },
  });
}

const request = (line: string, ...fields: readonly string[]) =>
  message(`${line} HTTP/1.1`, ['Host: a', ...fields, 'Connection: close']);

async function ask(conf: string, line: string, plugins: readonly Plugin[] = []): Promise<Answer> {
  await using server = await startTestServer(conf, {}, { plugins });
  const [answer, ...more] = readAnswers(await server.raw(request(line)), [line.split(' ')[0] ?? '']);
  if (answer === undefined || more.length > 0) throw new Error(`${more.length} answers more than one`);
  return answer;
}

const allowed = ({ fields }: Answer) => fields.get('allow')?.split(', ').sort();

describe('9.1 methods', () => {
  it('responds with 501 to an unknown method on any path', async () => {
    for (const conf of ['', 'location / { return 301 /a; }', 'location / { methods GET; }']) {
      for (const method of ['FOO', 'get', 'BREW', 'PURGE', 'PRI', 'M-SEARCH', '!']) {
        expect((await ask(conf, `${method} /`)).status).toBe(501);
      }
    }
  });

  it('responds with 405 and Allow to a known method that the route does not allow (§15.5.6)', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      const answer = await ask('methods GET; location / { return 200 a; }', `${method} /`);
      expect(answer.status).toBe(405);
      expect(allowed(answer)).toEqual(['GET']);
    }
  });

  it('lists the methods of the plugins of the route in Allow, without a `methods` directive', async () => {
    const plugins = [
      answering(['GET', 'HEAD'], () => ({ status: 200 }), 'one'),
      answering(['PUT', 'LOCK'], () => ({ status: 200 }), 'two'),
    ];
    const answer = await ask('', 'DELETE /', plugins);
    expect(answer.status).toBe(405);
    expect(allowed(answer)).toEqual(['GET', 'HEAD', 'LOCK', 'OPTIONS', 'PUT']);
  });

  it('ignores a plugin that only observes, at any stage', async () => {
    const looking = (options: RouteTapOptions): Plugin =>
      definePlugin({ name: 'looking', apply: ({ hooks }) => hooks.onRoute.tap(options, () => undefined) });
    const getter = answering(['GET'], () => ({ status: 200 }));
    for (const stage of [Stage.rewrite, Stage.fallback]) {
      const quiet = await ask('', 'DELETE /', [looking({ stage, answers: false }), getter]);
      expect([quiet.status, allowed(quiet)]).toEqual([405, ['GET', 'OPTIONS']]);
      expect((await ask('', 'DELETE /', [looking({ stage }), getter])).status).toBe(404);
    }
  });

  it('lets a plugin offer a method of its own', async () => {
    expect((await ask('', 'LOCK /', [answering(['LOCK'], () => ({ status: 200 }))])).status).toBe(200);
  });

  it('keeps the connection in step when a method is rejected: the body is discarded', async () => {
    await using recording = await startRecording('methods GET;');
    for (const method of ['POST', 'FOO', 'TRACE', 'OPTIONS']) {
      const { statuses, requests } = await recording.talk(
        message(`${method} / HTTP/1.1`, ['Host: a', 'Content-Length: 16'], 'GET /x HTTP/1.1\n') + SECOND,
      );
      expect(statuses).toEqual([method === 'FOO' ? 501 : 405, 200]);
      expect(requests.map(({ path }) => path)).toEqual(['/second']);
    }
  });
});

describe('9.3.1 GET', () => {
  it('may have a body, which is not read as the next request', async () => {
    await using recording = await startRecording();
    const { statuses, requests } = await recording.talk(
      message('GET / HTTP/1.1', ['Host: a', 'Content-Length: 5'], 'hello') + SECOND,
    );
    expect(statuses).toEqual([200, 200]);
    expect(requests[0]?.content).toBe('hello');
  });
});

describe('9.3.2 HEAD', () => {
  it('has no response body even if the request cannot be parsed', async () => {
    await using server = await startTestServer('');
    for (const bytes of [
      'HEAD /%zz HTTP/1.1\r\nHost: a\r\n\r\n',
      'HEAD / HTTP/2.0\r\n\r\n',
      'HEAD / HTTP/1.1\r\n\r\n',
    ]) {
      const [answer, ...more] = readAnswers(await server.raw(bytes), ['HEAD']);
      expect(answer?.status).toBeGreaterThanOrEqual(400);
      expect(more).toEqual([]);
    }
  });

  it.each([
    ['200 without a body', { status: 200 }, undefined],
    ['a redirect', { status: 302, headers: { location: '/x' } }, undefined],
    ['200 with a length', { status: 200, headers: { 'content-length': '5' } }, '5'],
    ['200 with an empty body', { status: 200, body: '' }, '0'],
    ['200 with a body', { status: 200, body: 'abc' }, '3'],
    ['an error', { status: 404 }, expect.stringMatching(/^[0-9]+$/)],
    ['204', { status: 204 }, undefined],
    ['204 with a length', { status: 204, headers: { 'content-length': '5' } }, undefined],
    ['304', { status: 304 }, undefined],
    ['205', { status: 205 }, '0'],
  ])(
    'has the Content-Length that GET would have, or none (§8.6): %s',
    async (_, response: Response, length) => {
      await using server = await startTestServer(
        '',
        {},
        { plugins: [answering(['GET', 'HEAD'], () => response)] },
      );
      for (const version of ['1.0', '1.1']) {
        const text = await server.raw(`HEAD / HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`);
        expect(readAnswers(text, ['HEAD'])[0]?.fields.get('content-length')).toEqual(length);
      }
    },
  );

  it.each(['return 200;', 'return 301 /x;', 'root www;', 'error_page 404 http://b/; return 404;'])(
    'has the Content-Length of GET with what is built in: %s',
    async (conf) => {
      await using server = await startTestServer(conf, { 'www/folder/index.html': 'text' });
      const lengthOf = async (method: string) => {
        const text = await server.raw(`${method} /folder HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
        return readAnswers(text, [method])[0]?.fields.get('content-length');
      };
      expect(await lengthOf('HEAD')).toBe(await lengthOf('GET'));
    },
  );

  async function* stream(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('streamed');
  }
  const bodies: readonly [string, () => Response][] = [
    ['a string', () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: 'héllo' })],
    ['bytes', () => ({ status: 200, headers: { etag: '"x"' }, body: Buffer.from('bytes') })],
    ['a stream', () => ({ status: 200, body: stream() })],
    ['a stream with a length', () => ({ status: 200, headers: { 'content-length': '8' }, body: stream() })],
    ['an empty string', () => ({ status: 200, body: '' })],
    ['an error with a page', () => ({ status: 404 })],
    ['a redirect', () => ({ status: 301, headers: { location: '/x' }, body: 'moved' })],
  ];

  it.each(bodies)('gets the same response as GET, without the body: %s', async (_, response) => {
    await using server = await startTestServer('', {}, { plugins: [answering(['GET', 'HEAD'], response)] });
    const fieldsOf = async (method: string) => {
      const [answer, ...more] = readAnswers(await server.raw(request(`${method} /`)), [method]);
      expect(more).toEqual([]);
      // If the length is unknown, GET is chunked and HEAD has no framing field.
      const fields = [...(answer?.fields ?? [])].filter(([name]) => !/^(date|transfer-encoding)$/.test(name));
      return [answer?.status, ...fields];
    };
    expect(await fieldsOf('HEAD')).toEqual(await fieldsOf('GET'));
  });

  it.each(bodies)('has no body, so the next response follows immediately: %s', async (_, response) => {
    await using server = await startTestServer('', {}, { plugins: [answering(['GET', 'HEAD'], response)] });
    const heads = message('HEAD / HTTP/1.1', ['Host: a']).repeat(2);
    const answers = readAnswers(await server.raw(heads + SECOND), ['HEAD', 'HEAD', 'GET']);
    expect(answers.map(({ status }) => status)).toEqual(Array(3).fill(response().status));
  });

  const misdirected: [string, string, number] = [
    'a misdirected target',
    message('HEAD https://a/ HTTP/1.1', ['Host: a']),
    421,
  ];

  it.each<[string, string, number]>([
    ['a bad Host', 'HEAD / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
    ['a missing Host', 'HEAD / HTTP/1.1\r\n\r\n', 400],
    ['two lengths', message('HEAD / HTTP/1.1', ['Host: a', 'Content-Length: 1', 'Content-Length: 2']), 400],
    ['an unknown expectation', message('HEAD / HTTP/1.1', ['Host: a', 'Expect: x']), 417],
    ...(onlyOverTcp('HEAD with an https target', HTTPS_IS_RIGHT) ? [misdirected] : []),
  ])('has no body if it is rejected either: %s', async (_, bytes, status) => {
    await using recording = await startRecording();
    const text = await recording.server.raw(bytes);
    expect(readAnswers(text, ['HEAD']).map((answer) => answer.status)).toEqual([status]);
    expect(text).toMatch(/\r\n\r\n$/);
  });

  it('does not read a stream that is not sent', async () => {
    let ended = false;
    const plugin = answering(['HEAD'], () => ({
      status: 200,
      body: {
        [Symbol.asyncIterator]: () => ({
          next: () => Promise.reject(new Error('read')),
          return: () => {
            ended = true;
            return Promise.resolve({ done: true as const, value: undefined });
          },
        }),
      },
    }));
    await using server = await startTestServer('', {}, { plugins: [plugin] });
    await server.raw(request('HEAD /'));
    expect(ended).toBe(true);
  });
});

describe('9.3.6 CONNECT', () => {
  it('is rejected: this server opens no tunnels', async () => {
    for (const conf of ['', 'location / { return 301 /a; }', 'methods GET;']) {
      const answer = await ask(conf, 'CONNECT example.org:80');
      expect(answer.status).toBe(405);
      expect(answer.fields.has('allow')).toBe(true);
    }
  });

  it('opens nothing, and the bytes after it are not read: the client may take them as tunnel data', async () => {
    await using recording = await startRecording();
    const { statuses } = await recording.talk(message('CONNECT a:80 HTTP/1.1', ['Host: a:80']) + SECOND);
    expect(statuses).toEqual([405]);
  });
});

describe('9.3.7 OPTIONS', () => {
  it('gets 204 with Allow and no Content-Length', async () => {
    const answer = await ask('', 'OPTIONS /', [answering(['GET', 'HEAD', 'PUT'], () => ({ status: 200 }))]);
    expect(answer).toMatchObject({ status: 204, content: '' });
    expect(allowed(answer)).toEqual(['GET', 'HEAD', 'OPTIONS', 'PUT']);
    expect(answer.fields.has('content-length')).toBe(false);
  });

  it('with an asterisk lists the methods of the whole server', async () => {
    const answer = await ask(
      'methods GET; location /a { methods PUT; } location /b { methods DELETE; }',
      'OPTIONS *',
    );
    expect(answer.status).toBe(204);
    expect(allowed(answer)).toEqual(['DELETE', 'GET', 'OPTIONS', 'PUT']);
  });

  it('is rejected if a directive lists the methods without it', async () => {
    const answer = await ask('methods GET POST;', 'OPTIONS /');
    expect(answer.status).toBe(405);
    expect(allowed(answer)).toEqual(['GET', 'POST']);
  });

  it('gets a response if a directive lists it, even if no plugin handles it', async () => {
    const answer = await ask('root .; methods GET OPTIONS;', 'OPTIONS /');
    expect(answer.status).toBe(204);
    expect(allowed(answer)).toEqual(['GET', 'OPTIONS']);
  });

  it('may be handled by a plugin', async () => {
    const plugins = [answering(['OPTIONS'], () => ({ status: 200, body: 'mine' }))];
    expect((await ask('', 'OPTIONS /', plugins)).content).toBe('mine');
    expect((await ask('methods OPTIONS;', 'OPTIONS /', plugins)).content).toBe('mine');
    expect((await ask('methods GET;', 'OPTIONS /', plugins)).status).toBe(405);
    expect((await ask('', 'OPTIONS *', plugins)).status).toBe(204);
  });

  it('may have a body, which is discarded', async () => {
    await using recording = await startRecording();
    const { statuses } = await recording.talk(
      message('OPTIONS / HTTP/1.1', ['Host: a', 'Content-Length: 5'], 'hello') + SECOND,
    );
    expect(statuses).toEqual([204, 200]);
  });
});

describe('9.3.8 TRACE', () => {
  it('is rejected: it would reveal the secrets of the request to a script', async () => {
    for (const conf of ['', 'location / { return 301 /a; }']) {
      await using server = await startTestServer(conf);
      const text = await server.raw(request('TRACE /', 'Authorization: Bearer secret', 'Cookie: secret'));
      expect(readAnswers(text).map(({ status }) => status)).toEqual([405]);
      expect(text).not.toContain('secret');
    }
  });
});

describe('9.3.3, 9.3.4 content', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('reaches the handler of %s', async (method) => {
    await using recording = await startRecording();
    const { requests } = await recording.talk(
      message(`${method} / HTTP/1.1`, ['Host: a', 'Content-Length: 5', 'Connection: close'], 'hello'),
    );
    expect(requests).toMatchObject([{ method, content: 'hello' }]);
  });

  it('may be empty', async () => {
    await using recording = await startRecording();
    const { requests } = await recording.talk(post(['Content-Length: 0', 'Connection: close'], ''));
    expect(requests).toMatchObject([{ content: '' }]);
    expect(get()).not.toContain('Content-Length');
  });
});
