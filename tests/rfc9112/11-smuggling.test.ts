import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { message, type RecordingServer, startRecording } from '../wire/talk.js';

let recording: RecordingServer;
beforeAll(async () => {
  recording = await startRecording();
});
afterAll(() => recording[Symbol.asyncDispose]());

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const SIZE = SMUGGLED.length;
const HEX = SIZE.toString(16);

/** To one parser it is a body of this length; to another, the last chunk followed by a request. */
const CL_TE = `0\r\n\r\n${SMUGGLED}`;
/** To one parser it is a chunk; to another, a request follows the first bytes. */
const TE_CL = `${HEX}\r\n${SMUGGLED}\r\n0\r\n\r\n`;

const post = (fields: readonly string[], content: string) =>
  message('POST /first HTTP/1.1', ['Host: a', ...fields], content);

/**
 * RFC 9112 §11.2: a request whose end two parsers could place differently gets one response, an error. Neither it nor a
 * request hidden in it is executed.
 */
async function expectHarmless(bytes: string): Promise<void> {
  const { statuses, requests } = await recording.talk(bytes);
  expect(requests).toEqual([]);
  expect(statuses).toHaveLength(1);
  expect([400, 501]).toContain(statuses[0]);
}

describe('11.2 a length together with a coding', () => {
  const codings = [
    'Transfer-Encoding: chunked',
    'transfer-encoding: chunked',
    'TRANSFER-ENCODING: CHUNKED',
    'Transfer-Encoding:chunked',
    'Transfer-Encoding:\tchunked',
    'Transfer-Encoding:   chunked  ',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding\t: chunked',
    ' Transfer-Encoding: chunked',
    'X: y\r\n Transfer-Encoding: chunked',
    'X: y\nTransfer-Encoding: chunked',
    'X: y\rTransfer-Encoding: chunked',
    'Transfer-Encoding:\r\n chunked',
    'Transfer-Encoding:\n chunked',
    'Transfer-Encoding\r\n: chunked',
    'Transfer-Encoding: \x0bchunked',
    'Transfer-Encoding: \x0cchunked',
    'Transfer-Encoding: chunked\x0b',
    'Transfer-Encoding: \0chunked',
    'Transfer-Encoding: \xa0chunked',
    'Transfer-Encoding: "chunked"',
    'Transfer-Encoding: x chunked',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: identity, chunked',
    'Transfer-Encoding: identity',
    'Transfer-Encoding: chunked, cow',
    'Transfer-Encoding: cow, chunked',
    'Transfer-Encoding: , chunked',
    'Transfer-Encoding: chunked,',
    'Transfer-Encoding: chunked;a=b',
    'Transfer-Encoding:',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding:\r\nTransfer-Encoding: chunked',
    'Foo: bar\r\n\rTransfer-Encoding: chunked',
    'Transfer-Encoding\0: chunked',
    'Transfer\x00-Encoding: chunked',
    'Transfer-Encoding\xa0: chunked',
  ];

  it.each(codings)('is rejected, whichever another parser would use: %j', async (coding) => {
    const whole = `Content-Length: ${CL_TE.length}`;
    const start = `Content-Length: ${HEX.length + 2}`;
    await expectHarmless(post([whole, coding], CL_TE));
    await expectHarmless(post([coding, whole], CL_TE));
    await expectHarmless(post([start, coding], TE_CL));
    await expectHarmless(post([coding, start], TE_CL));
  });

  it.each(codings.filter((coding) => !/^transfer-encoding:[\t ]*chunked[\t ]*$/i.test(coding)))(
    'is refused without the length too: %j',
    async (coding) => {
      await expectHarmless(post([coding], CL_TE));
      await expectHarmless(post([coding], TE_CL));
    },
  );
});

describe('11.2 two lengths', () => {
  it.each([
    [`Content-Length: 0`, `Content-Length: ${SIZE}`],
    [`Content-Length: ${SIZE}`, `Content-Length: 0`],
    [`Content-Length: ${SIZE}`, `content-length: ${SIZE}`],
    [`Content-Length: 0, ${SIZE}`],
    [`Content-Length: ${SIZE}, 0`],
    [`Content-Length: +${SIZE}`],
    [`Content-Length: -${SIZE}`],
    [`Content-Length: 0${SIZE}`],
    [`Content-Length: 0x${HEX}`],
    [`Content-Length: ${SIZE}.0`],
    [`Content-Length: ${SIZE}e0`],
    [`Content-Length: ${SIZE}\0`],
    [`Content-Length : ${SIZE}`],
    [`Content-Length\t: ${SIZE}`],
    [` Content-Length: ${SIZE}`],
    [`X: y\r\n Content-Length: ${SIZE}`],
    [`X: y\nContent-Length: ${SIZE}`],
    [`X: y\rContent-Length: ${SIZE}`],
    [`Content-Length:\r\n ${SIZE}`],
    [`Content-Length: \x0b${SIZE}`],
    [`Content-Length: ${SIZE} 0`],
    [`Content-Length: ${SIZE}\r`],
    [`Content-Length: 18446744073709551616`],
    [`Content-Length: ${2n ** 64n + BigInt(SIZE)}`],
    [`Content-Length: ${2n ** 32n + BigInt(SIZE)}.`],
  ])('are refused: %j', async (...fields) => {
    await expectHarmless(post(fields, SMUGGLED));
    await expectHarmless(message('GET /first HTTP/1.1', ['Host: a', ...fields], SMUGGLED));
  });
});

describe('11.2 chunks that two parsers count differently', () => {
  const chunked = (content: string) => post(['Transfer-Encoding: chunked'], content);

  it.each([
    ['a size line ended by LF (Go, CVE-2025-22871)', `5;\n${HEX}\r\n0\r\n\r\n${SMUGGLED}`],
    ['a size line with an extension ended by LF', `5;a\nhello\r\n0\r\n\r\n${SMUGGLED}`],
    ['a CR in an extension', `5;a\r${HEX}\r\nhello\r\n0\r\n\r\n${SMUGGLED}`],
    ['a size line ended by CR', `5\rhello\r\n0\r\n\r\n${SMUGGLED}`],
    ['data ended by two other bytes', `5\r\nhelloXX0\r\n\r\n${SMUGGLED}`],
    ['data ended by LF', `5\r\nhello\n0\r\n\r\n${SMUGGLED}`],
    ['an overflowing size', `1${HEX.padStart(16, '0')}\r\n${SMUGGLED}\r\n0\r\n\r\n`],
    ['a size with 0x', `0x0\r\n\r\n${SMUGGLED}`],
    ['a size with a sign', `+0\r\n\r\n${SMUGGLED}`],
    ['a size with a space before it', ` 0\r\n\r\n${SMUGGLED}`],
    ['a size with a space behind it', `0 \r\n\r\n${SMUGGLED}`],
    ['a size with an underscore', `0_0\r\n\r\n${SMUGGLED}`],
    ['no size', `\r\n${SMUGGLED}`],
    ['a last chunk ended by LF', `0\n\n${SMUGGLED}`],
    ['a trailer section ended by LF', `0\r\n\n${SMUGGLED}`],
    ['a trailer ended by LF', `0\r\nA: b\n\r\n${SMUGGLED}`],
    ['a trailer that is a request line', `0\r\n${SMUGGLED}`],
    ['a fold in the trailer', `0\r\nA: b\r\n ${SMUGGLED}`],
    ['a trailer with a space before its colon', `0\r\nContent-Length : 5\r\n\r\n${SMUGGLED}`],
    ['a bare CR for the end', `0\r\n\r${SMUGGLED}`],
    ['an open quote over the line end', `5;a="\r\nhello\r\n0\r\n\r\n${SMUGGLED}`],
  ])('are refused: %s', async (_, content) => expectHarmless(chunked(content)));
});

describe('11.2 heads that two parsers end differently', () => {
  it.each([
    ['LF LF', `GET /first HTTP/1.1\nHost: a\n\n${SMUGGLED}`],
    ['a LF for the empty line', `GET /first HTTP/1.1\r\nHost: a\r\n\n${SMUGGLED}`],
    ['CR CR', `GET /first HTTP/1.1\rHost: a\r\r${SMUGGLED}`],
    ['a request in a field value behind a CR', `GET /first HTTP/1.1\r\nHost: a\r\nX: y\r\r${SMUGGLED}`],
    ['a request in a field value behind a LF', `GET /first HTTP/1.1\r\nHost: a\r\nX: y\n\n${SMUGGLED}`],
    ['a NUL for the end', `GET /first HTTP/1.1\r\nHost: a\0\r\n\r\n${SMUGGLED}`],
    ['a request in the version', `GET /first HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n${SMUGGLED}`],
    ['a line that is no field', `GET /first HTTP/1.1\r\nHost: a\r\n${SMUGGLED}`],
    [
      'a coding in HTTP/1.0',
      message('POST /first HTTP/1.0', ['Host: a', 'Transfer-Encoding: chunked'], CL_TE),
    ],
    ['two hosts', message('GET /first HTTP/1.1', ['Host: a', 'Host: b'], SMUGGLED)],
  ])('are refused: %s', (_, bytes) => expectHarmless(bytes));
});

describe('11.2 unambiguous requests are accepted', () => {
  const twice = async (bytes: string, methods?: readonly string[]) => {
    const last = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const { requests, statuses } = await recording.talk(bytes + last, methods);
    expect(statuses).toHaveLength(2);
    expect(requests.map(({ path }) => path)).not.toContain('/smuggled');
    expect(requests.at(-1)?.path).toBe('/last');
  };

  it.each(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'FOO', 'POST'])(
    'content of %s is content, read by somebody or not',
    async (method) => {
      for (const path of ['/first', '/unread']) {
        const line = `${method} ${path} HTTP/1.1`;
        await twice(message(line, ['Host: a', `Content-Length: ${SIZE}`], SMUGGLED), [method]);
        await twice(message(line, ['Host: a', 'Transfer-Encoding: chunked'], TE_CL), [method]);
      }
    },
  );

  it('the body of a rejected upgrade is a body', () =>
    twice(post(['Connection: Upgrade', 'Upgrade: h2c', `Content-Length: ${SIZE}`], SMUGGLED)));

  it('a body sent together with Expect is a body', () =>
    twice(post(['Expect: 100-continue', `Content-Length: ${SIZE}`], SMUGGLED)));

  it.each([
    ['Transfer_Encoding: chunked', CL_TE],
    ['Content_Length: 0', SMUGGLED],
    ['X-Transfer-Encoding: chunked', CL_TE],
    ['X-HTTP-Method-Override: DELETE', SMUGGLED],
  ])('a field that only resembles a framing field is ignored: %s', (field, content) =>
    twice(post([field, `Content-Length: ${content.length}`], content)),
  );

  it('a body that is too large for its route is never read as a request', async () => {
    await using small = await startRecording('client_max_body_size 10;');
    const { statuses, requests } = await small.talk(
      post([`Content-Length: ${SIZE}`], SMUGGLED) + SMUGGLED.replace('smuggled', 'last'),
    );
    expect(statuses[0]).toBe(413);
    expect(requests.map(({ path }) => path)).not.toContain('/smuggled');
  });
});
