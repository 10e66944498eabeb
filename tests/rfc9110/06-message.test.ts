import { definePlugin, type Response, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';
import { readAnswers } from '../wire/answers.js';
import { WireClient } from '../wire/client.js';
import { get, message, post, SECOND, startRecording } from '../wire/talk.js';
import { CLOSED_EARLY, onlyOverTcp } from '../wire/transport.js';

/** Starts a server that responds to every GET with this response. */
function answering(response: () => Response) {
  const plugin = definePlugin({
    name: 'answering',
    apply({ hooks }) {
      hooks.onRoute.tap({ stage: Stage.handler, methods: ['GET', 'HEAD'] }, response);
    },
  });
  return startTestServer('', {}, { plugins: [plugin] });
}

async function* pieces(...contents: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const content of contents) yield Buffer.from(content);
}

describe('5 fields of responses', () => {
  it('are sent as given, a list as one line per value', async () => {
    await using server = await answering(() => ({
      status: 200,
      headers: { 'set-cookie': ['a=1', 'b=2'], etag: '"x"', 'x-custom': 'é\t~' },
    }));
    const text = await server.raw(get('Connection: close'));
    expect(text).toContain('\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n');
    expect(text).toContain('\r\nETag: "x"\r\n');
    expect(text).toContain('\r\nX-Custom: \xe9\t~\r\n');
  });

  it.each([
    ['CR LF in a value', { 'x-a': 'b\r\nX-Injected: yes' }],
    ['LF in a value', { 'x-a': 'b\nX-Injected: yes' }],
    ['CR in a value', { 'x-a': 'b\rX-Injected: yes' }],
    ['NUL in a value', { 'x-a': 'b\0X-Injected: yes' }],
    ['a control in a value', { 'x-a': '\x1bX-Injected: yes' }],
    ['a character beyond a byte', { 'x-a': '\u010aX-Injected: yes' }],
    ['CR LF in one of several values', { 'x-a': ['b', 'c\r\nX-Injected: yes'] }],
    ['CR LF in a name', { 'x-a: b\r\nX-Injected': 'yes' }],
    ['a space in a name', { 'X-Injected yes': 'b' }],
    ['a colon in a name', { 'X-Injected: yes': 'b' }],
    ['an empty name', { '': 'X-Injected: yes' }],
  ])('never contain %s: the response is 500', async (_, headers) => {
    await using server = await answering(() => ({ status: 200, headers, body: 'content' }));
    const text = await server.raw(get() + SECOND);
    expect(readAnswers(text).map(({ status }) => status)).toEqual([500, 500]);
    expect(text).not.toContain('X-Injected');
    expect(server.log.join('\n')).toContain('illegal header field');
  });

  it('that frame the message are written by the kernel: a plugin cannot contradict them', async () => {
    await using server = await answering(() => ({
      status: 200,
      headers: {
        'content-length': '999',
        'transfer-encoding': 'chunked',
        connection: 'keep-alive',
        'keep-alive': 'timeout=5',
        date: 'never',
      },
      body: 'content',
    }));
    const [first, second] = readAnswers(await server.raw(get() + SECOND));
    for (const answer of [first, second]) {
      expect(answer?.content).toBe('content');
      expect(answer?.fields.get('date')).not.toBe('never');
      expect(answer?.fields.has('transfer-encoding')).toBe(false);
    }
  });

  it('may end the connection', async () => {
    await using server = await answering(() => ({ status: 200, headers: { connection: 'close' } }));
    const answers = readAnswers(await server.raw(get() + SECOND));
    expect(answers).toHaveLength(1);
    expect(answers[0]?.fields.get('connection')).toBe('close');
  });
});

describe('6.4 content of responses', () => {
  it.each([
    ['a string', 'length', () => 'héllo'],
    ['bytes', 'length', () => Buffer.from('héllo')],
    ['an empty string', 'length', () => ''],
    ['a stream', 'chunked', () => pieces('hé', '', 'llo')],
    ['an empty stream', 'chunked', () => pieces()],
  ])('is framed so that the next response can follow: %s', async (_, framing, body) => {
    await using server = await answering(() => ({ status: 200, body: body() }));
    const answers = readAnswers(await server.raw(get() + get() + SECOND));
    expect(answers.map((answer) => answer.framing)).toEqual([framing, framing, framing]);
    expect(new Set(answers.map(({ content }) => content)).size).toBe(1);
  });

  it('has a length of zero if it is empty', async () => {
    await using server = await answering(() => ({ status: 200 }));
    const answers = readAnswers(await server.raw(get() + SECOND));
    expect(answers.map(({ fields }) => fields.get('content-length'))).toEqual(['0', '0']);
  });

  it('of a stream with a declared length is sent with it', async () => {
    await using server = await answering(() => ({
      status: 200,
      headers: { 'content-length': '4' },
      body: pieces('ab', 'cd'),
    }));
    const answers = readAnswers(await server.raw(get() + SECOND));
    expect(answers.map(({ framing, content }) => [framing, content])).toEqual([
      ['length', 'abcd'],
      ['length', 'abcd'],
    ]);
  });

  it.each([
    ['more', pieces('abcd', 'X-Injected')],
    ['less', pieces('ab')],
  ])('of a stream that gives %s than it declared ends the connection', async (_, body) => {
    await using server = await answering(() => ({ status: 200, headers: { 'content-length': '4' }, body }));
    const text = await server.raw(get() + SECOND);
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(text).not.toContain('X-Injected');
  });

  it('of a stream ends with the connection for HTTP/1.0, which has no chunks (RFC 9112 §6.1)', async () => {
    await using server = await answering(() => ({ status: 200, body: pieces('ab', 'cd') }));
    const text = await server.raw(message('GET / HTTP/1.0', ['Connection: keep-alive']));
    const [answer] = readAnswers(text);
    expect(answer).toMatchObject({ framing: 'close', content: 'abcd' });
    expect(answer?.fields.get('connection')).toBe('close');
    expect(answer?.fields.has('transfer-encoding')).toBe(false);
  });

  it('of a slow stream does not delay the head', async () => {
    let goOn = (): void => {};
    await using server = await answering(() => ({
      status: 200,
      body: (async function* () {
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        yield Buffer.from('content');
      })(),
    }));
    await using client = await WireClient.connect(server.port);
    client.send(get('Connection: close'));
    await client.until('\r\n\r\n');
    goOn();
    expect(readAnswers(await client.untilEnd())[0]?.content).toBe('content');
  });
});

describe('6.5 trailer fields of requests', () => {
  it('are not among the fields a handler sees', async () => {
    await using recording = await startRecording();
    const { requests } = await recording.talk(
      post(['Transfer-Encoding: chunked', 'Connection: close'], '1\r\nx\r\n0\r\nAuthorization: y\r\n\r\n'),
    );
    expect(requests[0]?.fields.map(([name]) => name)).toEqual(['host', 'transfer-encoding', 'connection']);
  });
});

describe('6.6.1 Date', () => {
  const IMF_FIXDATE =
    /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/;

  it.each([
    ['200', get('Connection: close')],
    ['200 to HEAD', message('HEAD / HTTP/1.1', ['Host: a', 'Connection: close'])],
    ['200 to HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n'],
    ['204 to OPTIONS', message('OPTIONS * HTTP/1.1', ['Host: a', 'Connection: close'])],
    ['405', message('TRACE / HTTP/1.1', ['Host: a', 'Connection: close'])],
    ['501', message('FOO / HTTP/1.1', ['Host: a', 'Connection: close'])],
    ['400 to a bad request line', 'rubbish\r\n\r\n'],
    ['400 to a missing Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['413', post(['Content-Length: 1000000000'], '')],
    ['414', message(`GET /${'a'.repeat(10_000)} HTTP/1.1`, ['Host: a'])],
    ['417', get('Expect: something')],
    ['431', get(`X: ${'a'.repeat(20_000)}`)],
    ['505', message('GET / HTTP/2.0', ['Host: a'])],
  ])('is in every response, as IMF-fixdate: %s', async (kind, bytes) => {
    await using recording = await startRecording();
    const earliest = Math.floor(Date.now() / 1000) * 1000;
    const [answer] = (await recording.talk(bytes, [bytes.slice(0, 4) === 'HEAD' ? 'HEAD' : 'GET'])).answers;
    expect(String(answer?.status)).toBe(kind.slice(0, 3));
    const date = answer?.fields.get('date') ?? '';
    expect(date).toMatch(IMF_FIXDATE);
    expect(Date.parse(date)).toBeGreaterThanOrEqual(earliest);
    expect(Date.parse(date)).toBeLessThanOrEqual(Date.now());
  });

  if (onlyOverTcp('Date beyond max_connections', CLOSED_EARLY))
    it('is in the response beyond max_connections', async () => {
      await using server = await startTestServer(
        'max_connections 1;\nserver { listen 127.0.0.1:0; location / { return 200 a; } }',
      );
      await using first = await WireClient.connect(server.port);
      first.send('GET / HTTP/1.1\r\n'); // busy, so that it is not closed to make room for the second
      await new Promise((resolve) => setTimeout(resolve, 100));
      const [answer] = readAnswers(await server.raw(get()));
      expect(answer?.status).toBe(503);
      expect(answer?.fields.get('date')).toMatch(IMF_FIXDATE);
      expect(answer?.fields.get('retry-after')).toMatch(/^[0-9]+$/);
    });

  it('is current, even if the same response value is sent again', async () => {
    const frozen: Response = Object.freeze({ status: 200, body: 'same' });
    await using server = await answering(() => frozen);
    const dateOf = async () =>
      readAnswers(await server.raw(get() + SECOND)).map(({ fields }) => Date.parse(fields.get('date') ?? ''));
    const [before = 0] = await dateOf();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    for (const after of await dateOf()) expect(after).toBeGreaterThan(before);
  });
});
