import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefused, message, type RecordingServer, startRecording } from '../wire/talk.js';

let recording: RecordingServer;
beforeAll(async () => {
  recording = await startRecording();
});
afterAll(() => recording[Symbol.asyncDispose]());

const refused = (bytes: string, status = 400) => expectRefused(recording, bytes, status);
const lines = (requestLine: string, ...fields: readonly string[]) =>
  message(requestLine, fields.length > 0 ? fields : ['Host: a']);
const seen = async (requestLine: string, ...fields: readonly string[]) => {
  const host = fields.length > 0 ? fields : ['Host: a'];
  const { requests } = await recording.talk(message(requestLine, [...host, 'Connection: close']));
  return requests[0];
};

describe('3 request line', () => {
  it.each([
    ['two spaces before the target', 'GET  / HTTP/1.1'],
    ['two spaces before the version', 'GET /  HTTP/1.1'],
    ['a tab before the target', 'GET\t/ HTTP/1.1'],
    ['a tab before the version', 'GET /\tHTTP/1.1'],
    ['a leading space', ' GET / HTTP/1.1'],
    ['a trailing space', 'GET / HTTP/1.1 '],
    ['no space before the version', 'GET /HTTP/1.1'],
    ['no target', 'GET HTTP/1.1'],
    ['an empty target', 'GET  HTTP/1.1'],
    ['no method', '/ HTTP/1.1'],
    ['no version', 'GET /'],
    ['only a method', 'GET'],
    ['a space in the target', 'GET /a b HTTP/1.1'],
    ['a vertical tab for a space', 'GET\x0b/ HTTP/1.1'],
    ['a form feed for a space', 'GET /\x0cHTTP/1.1'],
    ['a no-break space for a space', 'GET\xa0/ HTTP/1.1'],
  ])('is method SP target SP version and nothing else: %s', (_, line) => refused(lines(line)));

  it.each(['XX', '\n\n', '\r\r', '\n\r', '  ', '\0\0', '\r ', ' \n', '\t\t'])(
    'ends in CRLF, whatever two bytes stand there: not in %j',
    (end) => refused(`GET / HTTP/1.1${end}Host: a\r\n\r\n`),
  );

  it('responds with 414 to a request line longer than configured', async () => {
    const target = (length: number) => `/${'a'.repeat(length - 'GET / HTTP/1.1'.length)}`;
    expect((await seen(`GET ${target(8192)} HTTP/1.1`))?.path).toHaveLength(8192 - 13);
    await refused(lines(`GET ${target(8193)} HTTP/1.1`), 414);
    await refused(lines(`GET ${target(100_000)} HTTP/1.1`), 414);
    await refused(lines(`GET /?${target(100_000)} HTTP/1.1`), 414);
  });

  it('takes the longest request line from the configuration', async () => {
    await using small = await startRecording('client_max_request_line 1k;');
    await expectRefused(small, lines(`GET /${'a'.repeat(1100)} HTTP/1.1`), 414);
  });

  it('supports request lines of 8000 bytes', async () => {
    expect((await seen(`GET /${'a'.repeat(8000 - 14)} HTTP/1.1`))?.path).toHaveLength(8000 - 13);
  });
});

describe('3.1 method', () => {
  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])(
    'executes %s as it is spelled',
    async (method) => {
      const { requests } = await recording.talk(
        message(`${method} / HTTP/1.1`, ['Host: a', 'Content-Length: 0', 'Connection: close']),
        [method],
      );
      expect(requests).toMatchObject([{ method }]);
    },
  );

  it.each(['get', 'Get', 'GeT', 'post', 'BREW', 'FOO', 'X', "!#$%&'*+-.^_`|~09az"])(
    'is case-sensitive and any token: %s is one nobody implements',
    async (method) => {
      const { statuses, requests } = await recording.talk(
        message(`${method} / HTTP/1.1`, ['Host: a', 'Connection: close']),
      );
      expect(statuses).toEqual([501]);
      expect(requests).toEqual([]);
    },
  );

  it.each([
    'GE(T',
    'G"ET',
    'GET,',
    'G/ET',
    'G:ET',
    'G;ET',
    'G<ET',
    'G=ET',
    'G@ET',
    'G[ET',
    'G\\ET',
    'G{ET',
    'G\x7fET',
    'G\0ET',
    'G\xe9T',
  ])('is a token: %j is not', (method) => refused(lines(`${method} / HTTP/1.1`)));

  it('rejects a method longer than any registered one', async () => {
    await refused(lines(`${'A'.repeat(33)} / HTTP/1.1`));
    await refused(lines(`${'A'.repeat(100_000)} / HTTP/1.1`));
  });
});
