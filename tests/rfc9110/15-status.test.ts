import { definePlugin, HttpError, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';
import { readAnswers, statuses } from '../wire/answers.js';
import { WireClient } from '../wire/client.js';
import { get, message, post, SECOND, startRecording } from '../wire/talk.js';

/** Responds to `/204` with 204 and so on, always with a body, a length and a type. */
const byPath = definePlugin({
  name: 'by-path',
  apply({ hooks }) {
    hooks.onRoute.tap({ stage: Stage.handler, methods: ['GET', 'HEAD', 'POST'] }, ({ request }) => {
      const status = Number(request.path.slice(1));
      if (!(status >= 200)) return { status: 200, body: 'elsewhere' };
      return { status, headers: { 'content-length': '7', etag: '"x"' }, body: 'content' };
    });
  },
});

const start = () => startTestServer('', {}, { plugins: [byPath] });
const ask = (path: string, method = 'GET') => message(`${method} ${path} HTTP/1.1`, ['Host: a']);

describe('15.3.5, 15.4.5 204 and 304', () => {
  it.each(['204', '304'])('%s has no content and no length, and the connection stays', async (status) => {
    await using server = await start();
    for (const method of ['GET', 'HEAD', 'POST']) {
      const text = await server.raw(ask(`/${status}`, method) + SECOND);
      expect(text).not.toContain('content\r\n');
      const [first, second] = readAnswers(text, [method]);
      expect(first?.status).toBe(Number(status));
      expect(first?.fields.has('content-length')).toBe(false);
      expect(first?.fields.has('transfer-encoding')).toBe(false);
      expect(first?.fields.get('etag')).toBe('"x"');
      expect(second?.content).toBe('elsewhere');
    }
  });
});

describe('15.3.6 205', () => {
  it('has no content and a length of zero', async () => {
    await using server = await start();
    const [first, second] = readAnswers(await server.raw(ask('/205') + SECOND));
    expect(first).toMatchObject({ status: 205, content: '', framing: 'length' });
    expect(first?.fields.get('content-length')).toBe('0');
    expect(second?.content).toBe('elsewhere');
  });
});

describe('15 any status', () => {
  it('is sent with its reason', async () => {
    await using server = await start();
    const reasons = readAnswers(
      await server.raw(ask('/200') + ask('/201') + ask('/207') + ask('/451') + ask('/299') + SECOND),
    ).map(({ status, reason }) => `${status} ${reason}`);
    expect(reasons).toEqual([
      '200 OK',
      '201 Created',
      '207 Multi-Status',
      '451 Unavailable For Legal Reasons',
      '299 ',
      '200 OK',
    ]);
  });
});

describe('15.5.14 413', () => {
  it('is sent immediately by Content-Length; a small rest is discarded and the connection stays in step', async () => {
    await using small = await startRecording('client_max_body_size 10;');
    await using client = await WireClient.connect(small.server.port);
    client.send(post(['Content-Length: 1000'], ''));
    const head = await client.until('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 413 Content Too Large\r\n/);
    expect(head).not.toContain('Connection: close');
    client.send('x'.repeat(1000) + SECOND);
    expect(statuses(await client.untilEnd())).toEqual([413, 200]);
    expect(small.requests.map(({ path }) => path)).toEqual(['/second']);
  });

  it('is sent immediately by Content-Length, and the connection closes if the rest is large', async () => {
    await using small = await startRecording('client_max_body_size 10;');
    await using client = await WireClient.connect(small.server.port);
    client.send(post(['Content-Length: 100000000'], ''));
    const answers = readAnswers(await client.untilEnd());
    expect(answers.map(({ status }) => status)).toEqual([413]);
    expect(answers[0]?.fields.get('connection')).toBe('close');
  });

  it.each([
    [10, 200],
    [11, 413],
  ])('applies beyond the limit of 10 bytes: %i bytes get %i', async (size, status) => {
    await using small = await startRecording('client_max_body_size 10;');
    const content = 'x'.repeat(size);
    const chunked = `${size.toString(16)}\r\n${content}\r\n0\r\n\r\n`;
    expect((await small.talk(post([`Content-Length: ${size}`], content) + SECOND)).statuses[0]).toBe(status);
    expect((await small.talk(post(['Transfer-Encoding: chunked'], chunked) + SECOND)).statuses[0]).toBe(
      status,
    );
  });

  it('is never sent if the limit is 0', async () => {
    await using open = await startRecording('client_max_body_size 0;');
    const { statuses: found } = await open.talk(
      post(['Content-Length: 3000000'], 'x'.repeat(3_000_000)) + SECOND,
    );
    expect(found).toEqual([200, 200]);
  });

  it('depends on the limit of the route of the request', async () => {
    await using server = await startRecording(
      'client_max_body_size 10; location /big { client_max_body_size 100; } location /small { client_max_body_size 1; }',
    );
    const send = (path: string) =>
      message(`POST ${path} HTTP/1.1`, ['Host: a', 'Content-Length: 10'], 'x'.repeat(10));
    const { statuses: found } = await server.talk(send('/') + send('/big') + send('/small') + SECOND);
    expect(found).toEqual([200, 200, 413, 200]);
  });
});

describe('error pages', () => {
  const throwing = definePlugin({
    name: 'throwing',
    apply({ hooks }) {
      hooks.onRoute.tap({ stage: Stage.access }, ({ request }) => {
        const status = Number(request.path.slice(1));
        if (status >= 400)
          throw new HttpError(status, { reason: '<secret>', headers: { 'retry-after': '7' } });
        if (request.path === '/fault') throw new Error('a secret path');
        return undefined;
      });
    },
  });

  it('are small self-contained documents, with the fields the error needs and without its reason', async () => {
    await using server = await startTestServer('', {}, { plugins: [throwing] });
    for (const status of [400, 403, 404, 409, 418, 429, 500, 503]) {
      const [first, second] = readAnswers(await server.raw(ask(`/${status}`) + SECOND));
      expect(first?.status).toBe(status);
      expect(first?.fields.get('content-type')).toBe('text/html; charset=utf-8');
      expect(first?.fields.get('retry-after')).toBe('7');
      expect(first?.content).toContain(String(status));
      expect(first?.content).not.toContain('secret');
      expect(second?.status).toBe(404);
    }
  });

  it('have the fields of an error that a server-wide hook throws, which is not logged', async () => {
    const doorman = definePlugin({
      name: 'doorman',
      setup({ hooks }) {
        hooks.onRequest.tap({}, ({ path }) => {
          if (path === '/fault') throw new Error('a secret path');
          throw new HttpError(401, { headers: { 'www-authenticate': 'Basic realm="a"' } });
        });
      },
    });
    await using server = await startTestServer('', {}, { plugins: [doorman] });
    const answers = readAnswers(await server.raw(ask('/') + ask('/fault') + SECOND));
    expect(answers.map(({ status }) => status)).toEqual([401, 500, 401]);
    expect(answers[0]?.fields.get('www-authenticate')).toBe('Basic realm="a"');
    expect(server.log.filter((line) => line.includes('[error]'))).toHaveLength(1);
  });

  it('show only 500 for a bug; the log has the details', async () => {
    await using server = await startTestServer('', {}, { plugins: [throwing] });
    const [answer] = readAnswers(await server.raw(ask('/fault') + SECOND));
    expect(answer?.status).toBe(500);
    expect(answer?.content).not.toContain('secret');
    expect(server.log.join('\n')).toContain('a secret path');
  });

  it('may be set: the status stays, and so do the fields the error needs', async () => {
    const conf = `
      root www;
      error_page 404 405 413 503 /sorry.html;
      location /get { methods GET; }
      location /small { client_max_body_size 1; }
    `;
    await using server = await startTestServer(conf, { 'www/sorry.html': 'sorry' }, { plugins: [throwing] });
    const answers = readAnswers(
      await server.raw(
        ask('/none') +
          ask('/get', 'POST') +
          message('POST /small HTTP/1.1', ['Host: a', 'Content-Length: 5'], 'hello') +
          ask('/503') +
          ask('/none', 'HEAD') +
          SECOND,
      ),
      ['GET', 'POST', 'POST', 'GET', 'HEAD', 'GET'],
    );
    expect(answers.map(({ status }) => status)).toEqual([404, 405, 413, 503, 404, 404]);
    expect(answers.map(({ content }) => content)).toEqual(['sorry', 'sorry', 'sorry', 'sorry', '', 'sorry']);
    expect(answers[1]?.fields.get('allow')).toBe('GET');
    expect(answers[3]?.fields.get('retry-after')).toBe('7');
    expect(answers[4]?.fields.get('content-length')).toBe('5');
  });

  it('fall back to the built-in document if the configured one fails', async () => {
    await using server = await startTestServer('root www; error_page 404 /none.html;', { 'www/': null });
    const [answer] = readAnswers(await server.raw(get() + SECOND));
    expect(answer?.status).toBe(404);
    expect(answer?.content).toContain('404 Not Found');
  });

  it('do not apply to bytes that are not a request: these get the built-in document', async () => {
    await using server = await startTestServer('root www; error_page 400 /sorry.html;', {
      'www/sorry.html': 'sorry',
    });
    const [answer] = readAnswers(await server.raw('rubbish\r\n\r\n'));
    expect(answer?.status).toBe(400);
    expect(answer?.content).toContain('400 Bad Request');
  });
});
