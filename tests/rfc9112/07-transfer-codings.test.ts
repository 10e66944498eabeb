import { definePlugin, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAnswers } from '../wire/answers.js';
import { WireClient } from '../wire/client.js';
import { expectRefused, post, type RecordingServer, SECOND, startRecording } from '../wire/talk.js';

let recording: RecordingServer;
beforeAll(async () => {
  recording = await startRecording();
});
afterAll(() => recording[Symbol.asyncDispose]());

const chunked = (content: string) => post(['Transfer-Encoding: chunked'], content);
const refused = (content: string, status = 400) => expectRefused(recording, chunked(content), status);
const decoded = async (content: string) => {
  const { statuses, requests } = await recording.talk(chunked(content) + SECOND);
  expect(statuses).toEqual([200, 200]);
  expect(requests[1]).toMatchObject({ path: '/second', content: '' });
  return requests[0]?.content;
};

describe('7.1 chunked transfer coding', () => {
  it.each([
    ['no chunk', '0\r\n\r\n', ''],
    ['one', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['several', '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n', 'hello world'],
    ['an upper-case size', 'A\r\n0123456789\r\n0\r\n\r\n', '0123456789'],
    ['a lower-case size', 'a\r\n0123456789\r\n0\r\n\r\n', '0123456789'],
    ['leading zeros', '0005\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['a last chunk of many zeros', '5\r\nhello\r\n000\r\n\r\n', 'hello'],
    ['data with CRLF', '4\r\na\r\nb\r\n0\r\n\r\n', 'a\r\nb'],
    ['data like a last chunk', '5\r\n0\r\n\r\n\r\n0\r\n\r\n', '0\r\n\r\n'],
    ['any byte', '4\r\n\0\xff\x80\n\r\n0\r\n\r\n', '\0\xff\x80\n'],
    ['a thousand of one byte', `${'1\r\nx\r\n'.repeat(1000)}0\r\n\r\n`, 'x'.repeat(1000)],
    ['a large one', `30d40\r\n${'y'.repeat(200_000)}\r\n0\r\n\r\n`, 'y'.repeat(200_000)],
  ])('is decoded: %s', async (_, content, expected) => expect(await decoded(content)).toBe(expected));

  it.each([
    ['empty', '\r\nhello\r\n0\r\n\r\n'],
    ['no number', 'x\r\nhello\r\n0\r\n\r\n'],
    ['with 0x', '0x5\r\nhello\r\n0\r\n\r\n'],
    ['with h', '5h\r\nhello\r\n0\r\n\r\n'],
    ['with a plus', '+5\r\nhello\r\n0\r\n\r\n'],
    ['negative', '-5\r\nhello\r\n0\r\n\r\n'],
    ['negative zero', '-0\r\n\r\n'],
    ['with an underscore', '1_0\r\nhello\r\n0\r\n\r\n'],
    ['with a decimal point', '5.0\r\nhello\r\n0\r\n\r\n'],
    ['with a leading space', ' 5\r\nhello\r\n0\r\n\r\n'],
    ['with a leading tab', '\t5\r\nhello\r\n0\r\n\r\n'],
    ['with a trailing space', '5 \r\nhello\r\n0\r\n\r\n'],
    ['with a trailing tab', '5\t\r\nhello\r\n0\r\n\r\n'],
    ['with a space inside', '1 0\r\nhello\r\n0\r\n\r\n'],
    ['with a NUL', '5\0\r\nhello\r\n0\r\n\r\n'],
    ['with a comma', '5,\r\nhello\r\n0\r\n\r\n'],
    ['quoted', '"5"\r\nhello\r\n0\r\n\r\n'],
    ['with a letter beyond F', '5g\r\nhello\r\n0\r\n\r\n'],
    ['with a full-width digit', '\xef\xbc\x95\r\nhello\r\n0\r\n\r\n'],
    ['beyond 32 bits and wrapping to 5', '100000000000000005\r\nhello\r\n0\r\n\r\n'],
    ['beyond 2^53', '20000000000005\r\nhello\r\n0\r\n\r\n'],
    ['beyond 64 bits', 'FFFFFFFFFFFFFFFF0\r\nhello\r\n0\r\n\r\n'],
    ['of a thousand digits', `${'f'.repeat(1000)}\r\nhello\r\n0\r\n\r\n`],
    ['of a thousand zeros', `${'0'.repeat(1000)}5\r\nhello\r\n0\r\n\r\n`],
    ['of the last chunk negative', '5\r\nhello\r\n-0\r\n\r\n'],
  ])('has sizes of hexadecimal digits and nothing else: %s', (_, content) => refused(content));

  it.each([
    ['ended by LF', '5\nhello\r\n0\r\n\r\n'],
    ['ended by CR', '5\rhello\r\n0\r\n\r\n'],
    ['ended by CR CR LF', '5\r\r\nhello\r\n0\r\n\r\n'],
    ['with an extension, ended by LF', '5;a\nhello\r\n0\r\n\r\n'],
    ['of the last chunk ended by LF', '5\r\nhello\r\n0\n\r\n'],
  ])('has size lines that end in CRLF: %s is refused', (_, content) => refused(content));

  it.each([
    ['longer than its size', '4\r\nhello\r\n0\r\n\r\n'],
    ['shorter than its size', '6\r\nhello\r\n0\r\n\r\n'],
    ['ended by LF', '5\r\nhello\n0\r\n\r\n'],
    ['ended by CR', '5\r\nhello\r0\r\n\r\n'],
    ['ended by nothing', '5\r\nhello0\r\n\r\n'],
    ['ended by two CRLF', '5\r\nhello\r\n\r\n0\r\n\r\n'],
    ['ended by a space', '5\r\nhello \r\n0\r\n\r\n'],
    ['ended by another byte and LF', '5\r\nhelloX\n0\r\n\r\n'],
    ['ended by CR and another byte', '5\r\nhello\rX0\r\n\r\n'],
  ])('has data as long as its size says, ended by CRLF: %s is refused', (_, content) => refused(content));

  it.each([
    ['LF', '5\r\nhello\r\n0\r\n\n'],
    ['CR and something', '5\r\nhello\r\n0\r\n\rX'],
    ['a space', '5\r\nhello\r\n0\r\n \r\n'],
  ])('ends in CRLF: not in %s', (_, content) => refused(content));

  it('takes what follows its end for the next request', async () => {
    const { statuses, requests } = await recording.talk(`${chunked('0\r\n\r\n')}X${SECOND}`);
    expect(statuses).toEqual([200, 501]);
    expect(requests).toHaveLength(1);
  });

  it('reports invalid coding to a later reader', async () => {
    const late = definePlugin({
      name: 'late',
      apply({ hooks }) {
        hooks.onRoute.tapPromise({ stage: Stage.handler, methods: ['POST'] }, async ({ request }) => {
          await new Promise((resolve) => setTimeout(resolve, 100));
          for await (const _ of request.body);
          return { status: 200 };
        });
      },
    });
    await using server = await startTestServer('', {}, { plugins: [late] });
    await using client = await WireClient.connect(server.port);
    client.send(chunked('5\r\nhello\r\nrubbish\r\n'));
    expect(readAnswers(await client.untilEnd()).map(({ status }) => status)).toEqual([400]);
  });

  it('stops at the limit of the route in mid-stream', async () => {
    await using small = await startRecording('client_max_body_size 1000;');
    const exactly = await small.talk(`${chunked(`3e8\r\n${'x'.repeat(1000)}\r\n0\r\n\r\n`)}${SECOND}`);
    expect(exactly.statuses).toEqual([200, 200]);
    for (const content of [`3e9\r\n${'x'.repeat(1001)}\r\n`, '1\r\nx\r\n'.repeat(1001)]) {
      await using client = await WireClient.connect(small.server.port);
      client.send(chunked(content)); // without end
      expect(readAnswers(await client.untilEnd()).map(({ status }) => status)).toEqual([413]);
    }
    expect(small.requests.map(({ path }) => path)).toEqual(['/', '/second']);
  });
});

describe('7.1.1 chunk extensions', () => {
  it.each([
    'a',
    'a=b',
    'a="b"',
    'a=""',
    'a="b c\t;\\"\\\\d"',
    'a;b',
    'a=b;c=d;e="f"',
    ' a',
    ' a = b',
    '\ta\t=\tb',
    'a="\xe9\xff"',
    'a ;b',
    'a=b ; c',
    'a="b" ;c',
  ])('are ignored where they follow the grammar: %j', async (extension) => {
    expect(await decoded(`5;${extension}\r\nhello\r\n0\r\n\r\n`)).toBe('hello');
    expect(await decoded(`5\r\nhello\r\n0;${extension}\r\n\r\n`)).toBe('hello');
  });

  it('may have white space before their semicolon', async () => {
    expect(await decoded('5 ;a\r\nhello\r\n0\t;b\r\n\r\n')).toBe('hello');
  });

  it.each([
    ['nothing behind the semicolon', ';'],
    ['only white space behind it', '; '],
    ['two semicolons', ';;a'],
    ['a semicolon at the end', ';a;'],
    ['no semicolon', ' a=b'],
    ['no name', ';=b'],
    ['no value', ';a='],
    ['two equals signs', ';a==b'],
    ['an open quote', ';a="b'],
    ['something behind the quote', ';a="b"c'],
    ['a quoted name', ';"a"=b'],
    ['a control', ';a\x01'],
    ['a NUL', ';\0ext'],
    ['a NUL in quotes', ';a="\0"'],
    ['a control behind a backslash', ';a="\\\x01"'],
    ['a CR', ';a\rX'],
    ['a CR in quotes', ';a="\r"'],
    ['a CRLF in quotes', ';a="\r\n"'],
    ['a LF', ';a\nX'],
    ['a LF at once', ';\nX'],
    ['white space at the end', ';a '],
    ['a bracket', ';a[b'],
    ['two words', ';a b'],
    ['a byte beyond ASCII', ';\xe9'],
  ])('are refused with %s', async (_, extension) => {
    await refused(`5${extension}\r\nhello\r\n0\r\n\r\n`);
    await refused(`5\r\nhello\r\n0${extension}\r\n\r\n`);
  });

  it.each([
    ['one long name', `;${'a'.repeat(2000)}`],
    ['one long value', `;a=${'b'.repeat(2000)}`],
    ['one long quoted value', `;a="${'b'.repeat(2000)}"`],
    ['white space', `;${' '.repeat(2000)}a`],
    ['white space before the semicolon', `${' '.repeat(2000)};a`],
    ['white space around =', `;a${' '.repeat(1000)}=${' '.repeat(1000)}b`],
    ['many', ';a'.repeat(1100)],
  ])('are bounded in one chunk: %s', (_, extension) => refused(`5${extension}\r\nhello\r\n0\r\n\r\n`));

  it('are bounded in one body', () => refused(`${`1;${'a'.repeat(1000)}\r\nx\r\n`.repeat(20)}0\r\n\r\n`));

  it('are bounded however long the client goes on', async () => {
    const { statuses } = await recording.talk(chunked(`5;${'a'.repeat(10_000_000)}`));
    expect(statuses).toEqual([400]);
  });
});

describe('7.1.2 trailer section', () => {
  it.each([
    ['a field', 'X-Checksum: abc\r\n'],
    ['several', 'A: b\r\nC: d\r\n'],
    ['an empty value', 'A:\r\n'],
    ['bytes beyond ASCII in a value', 'A: \xe9\r\n'],
  ])('is parsed and dropped: %s', async (_, trailers) => {
    expect(await decoded(`5\r\nhello\r\n0\r\n${trailers}\r\n`)).toBe('hello');
  });

  it.each([
    'Host: evil',
    'Content-Length: 100',
    'Transfer-Encoding: chunked',
    'Authorization: Bearer x',
    'X-Forwarded-For: 1.2.3.4',
    'Cookie: a=b',
    'Connection: close',
    'Expect: 100-continue',
    '__proto__: x',
    'Content-Type: text/html',
  ])('is never merged into the header (RFC 9110 §6.5.1): %s', async (trailer) => {
    const { statuses, requests } = await recording.talk(
      chunked(`5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`) + SECOND,
    );
    expect(statuses).toEqual([200, 200]);
    expect(requests[0]?.host).toBe('a');
    expect(requests[0]?.fields).toEqual([
      ['host', 'a'],
      ['transfer-encoding', 'chunked'],
    ]);
    expect(requests[1]?.path).toBe('/second');
  });

  it.each([
    ['white space before the colon', 'A : b\r\n'],
    ['no name', ': b\r\n'],
    ['no colon', 'A\r\n'],
    ['a fold', 'A: b\r\n c\r\n'],
    ['leading white space', ' A: b\r\n'],
    ['a bad name', 'A[b]: c\r\n'],
    ['a NUL', 'A: \0\r\n'],
    ['a control', 'A: \x01\r\n'],
    ['a bare CR', 'A: b\rc\r\n'],
    ['a bare LF', 'A: b\n'],
    ['a bare LF between fields', 'A: b\nC: d\r\n'],
    ['a request line', 'GET / HTTP/1.1\r\n'],
  ])('is refused with %s', (_, trailers) => refused(`5\r\nhello\r\n0\r\n${trailers}\r\n`));

  it.each([
    ['one long field', `A: ${'b'.repeat(10_000)}\r\n`],
    ['one long name', `${'A'.repeat(10_000)}: b\r\n`],
    ['many fields', 'A: b\r\n'.repeat(10_000)],
  ])('is bounded: %s', (_, trailers) => refused(`5\r\nhello\r\n0\r\n${trailers}\r\n`, 431));

  it('is bounded however long the client goes on', async () => {
    const { statuses } = await recording.talk(chunked(`0\r\nA: ${'b'.repeat(10_000_000)}`));
    expect(statuses).toEqual([431]);
  });
});
