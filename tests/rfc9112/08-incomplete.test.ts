import { definePlugin, type Plugin, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAnswers, statuses } from '../wire/answers.js';
import { WireClient } from '../wire/client.js';
import { get, message, post, type RecordingServer, SECOND, startRecording } from '../wire/talk.js';

let recording: RecordingServer;
beforeAll(async () => {
  recording = await startRecording();
});
afterAll(() => recording[Symbol.asyncDispose]());

const connect = () => WireClient.connect(recording.server.port);

describe('8 incomplete requests', () => {
  it.each([
    ['in the method', 'GE'],
    ['in the target', 'GET /abc'],
    ['in the version', 'GET / HTTP/1.'],
    ['behind the request line', 'GET / HTTP/1.1\r\n'],
    ['in a field name', 'GET / HTTP/1.1\r\nHo'],
    ['in a field value', 'GET / HTTP/1.1\r\nHost: a'],
    ['behind a CR', 'GET / HTTP/1.1\r\nHost: a\r'],
    ['behind a field line', 'GET / HTTP/1.1\r\nHost: a\r\n'],
    ['in the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\r'],
  ])('are not executed if the client ends %s', async (_, bytes) => {
    await using client = await connect();
    const before = recording.requests.length;
    client.send(bytes);
    client.end();
    expect(readAnswers(await client.untilEnd()).filter(({ status }) => status < 400)).toEqual([]);
    expect(recording.requests).toHaveLength(before);
  });

  it.each([
    ['Content-Length', post(['Content-Length: 10'], 'hello')],
    ['chunked, in the data', post(['Transfer-Encoding: chunked'], '5\r\nhel')],
    ['chunked, behind the data', post(['Transfer-Encoding: chunked'], '5\r\nhello\r\n')],
    ['chunked, in the size', post(['Transfer-Encoding: chunked'], '5')],
    ['chunked, behind the last chunk', post(['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n')],
    ['chunked, in the trailer', post(['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\nA: b\r\n')],
  ])('are an error if the body is incomplete: %s', async (_, bytes) => {
    await using client = await connect();
    const before = recording.requests.length;
    client.send(bytes);
    client.end();
    expect(statuses(await client.untilEnd())).toEqual([400]);
    expect(recording.requests).toHaveLength(before);
  });

  it('leave nothing behind when the connection is reset', async () => {
    for (const bytes of ['GET', get('X: y').slice(0, -2), post(['Content-Length: 10'], 'hello'), get()]) {
      await using client = await connect();
      await client.send(bytes);
      client.reset();
    }
    expect((await recording.talk(SECOND)).statuses).toEqual([200]);
  });

  it('get 408 if the head does not arrive in time', async () => {
    await using slow = await startRecording('client_header_timeout 300ms;');
    await using client = await WireClient.connect(slow.server.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n');
    const [answer] = readAnswers(await client.untilEnd());
    expect(answer?.status).toBe(408);
    expect(answer?.fields.get('connection')).toBe('close');
    expect(slow.requests).toEqual([]);
  });

  it('get 408 if the body does not arrive in time', async () => {
    await using slow = await startRecording('client_body_timeout 300ms;');
    await using client = await WireClient.connect(slow.server.port);
    client.send(post(['Content-Length: 10'], 'hello'));
    expect(statuses(await client.untilEnd())).toEqual([408]);
    expect(slow.requests).toEqual([]);
  });

  it('do not last longer if single bytes of the head arrive', async () => {
    await using slow = await startRecording('client_header_timeout 500ms;');
    await using client = await WireClient.connect(slow.server.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\nX: ');
    const dripping = setInterval(() => client.send('y'), 50);
    const text = await client.untilEnd().finally(() => clearInterval(dripping));
    expect(statuses(text)).toEqual([408]);
  });
});

describe('8 incomplete responses', () => {
  const broken = (declared: boolean): Plugin =>
    definePlugin({
      name: 'broken',
      apply({ hooks }) {
        hooks.onRoute.tap({ stage: Stage.handler, methods: ['GET'] }, () => ({
          status: 200,
          headers: declared ? { 'content-length': '100' } : {},
          body: (async function* () {
            yield Buffer.from('beginning');
            throw new Error('no more');
          })(),
        }));
      },
    });

  it.each([
    ['with a length', true, 'Content-Length: 100\r\n'],
    ['chunked', false, 'Transfer-Encoding: chunked\r\n'],
  ])('end with a close, never padded and never ended as if complete: %s', async (_, declared, framing) => {
    await using server = await startTestServer('', {}, { plugins: [broken(declared)] });
    const text = await server.raw(get() + SECOND);
    expect(text).toContain(framing);
    expect(text).toContain('beginning');
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(text).not.toMatch(/0\r\n\r\n$/);
    expect(() => readAnswers(text)).toThrow();
    expect(server.log.join('\n')).toContain('no more');
  });

  it('end with a close for HTTP/1.0 too', async () => {
    await using server = await startTestServer('', {}, { plugins: [broken(false)] });
    expect(await server.raw(message('GET / HTTP/1.0', ['Host: a']))).toMatch(/\r\n\r\nbeginning$/);
  });
});
