import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefused, message, post, type RecordingServer, SECOND, startRecording } from '../wire/talk.js';

let recording: RecordingServer;
beforeAll(async () => {
  recording = await startRecording();
});
afterAll(() => recording[Symbol.asyncDispose]());

const refused = (bytes: string, status = 400) => expectRefused(recording, bytes, status);
/** Content of five bytes, whichever way its length is read. */
const FIVE = '0\r\n\r\n';

describe('6.1 Transfer-Encoding', () => {
  it.each(['chunked', 'Chunked', 'CHUNKED', 'chUNked', '\tchunked', 'chunked \t'])(
    'is read without regard to case and to white space around it: %j',
    async (coding) => {
      const { requests } = await recording.talk(
        post([`Transfer-Encoding: ${coding}`, 'Connection: close'], '5\r\nhello\r\n0\r\n\r\n'),
      );
      expect(requests).toMatchObject([{ content: 'hello' }]);
    },
  );

  it.each(['chunked', 'identity', 'gzip', ''])(
    'is refused beside Content-Length, whichever is first: %j',
    async (coding) => {
      await refused(post([`Transfer-Encoding: ${coding}`, 'Content-Length: 5'], FIVE));
      await refused(post(['Content-Length: 5', `Transfer-Encoding: ${coding}`], FIVE));
      await refused(post(['Content-Length: 0', `Transfer-Encoding: ${coding}`], FIVE));
    },
  );

  it.each(['chunked', 'identity', 'gzip, chunked', ''])(
    'is refused in HTTP/1.0: its framing is faulty (%j)',
    (coding) => refused(message('POST / HTTP/1.0', ['Host: a', `Transfer-Encoding: ${coding}`], FIVE)),
  );

  it.each([
    'gzip',
    'identity',
    'deflate',
    'x-chunked',
    'chunkedchunked',
    'xchunked',
    'gzip, chunked',
    'identity, chunked',
    'deflate,gzip,chunked',
    'gzip;level=9, chunked',
    'chunk',
    'chunked-1',
    'chunke%64',
    "!#$%&'*+-.^_`|~",
    'trailers',
  ])('is answered with 501 where a coding is not understood: %s', (coding) =>
    refused(post([`Transfer-Encoding: ${coding}`], FIVE), 501),
  );

  it.each([
    ['chunked is not last', 'chunked, gzip'],
    ['chunked is not last', 'chunked, identity'],
    ['chunked stands twice', 'chunked, chunked'],
    ['chunked stands twice', 'chunked,chunked'],
    ['chunked stands twice', 'gzip, chunked, chunked'],
    ['it is empty', ''],
    ['it is empty', ' '],
    ['it is a comma', ','],
    ['a member is empty', 'chunked,'],
    ['a member is empty', ', chunked'],
    ['a member is empty', ',chunked'],
    ['a member is empty', 'gzip,, chunked'],
    ['chunked has a parameter', 'chunked;ext=val'],
    ['chunked has a parameter', 'chunked; a=b'],
    ['chunked has an empty parameter', 'chunked;'],
    ['it is quoted', '"chunked"'],
    ['it is half quoted', "'chunked'; "],
    ['there is a space in it', 'chun ked'],
    ['there is a space in it', 'chunked chunked'],
    ['there is a no-break space before it', '\xa0chunked'],
    ['there is a no-break space behind it', 'chunked\xa0'],
    ['there is a byte order mark', '\xef\xbb\xbfchunked'],
    ['it has a colon', ': chunked'],
    ['it ends in a slash', 'chunked/'],
    ['it is in brackets', '[chunked]'],
  ])('is refused where %s: %j', (_, coding) => refused(post([`Transfer-Encoding: ${coding}`], FIVE)));

  it.each([
    ['a vertical tab', '\x0bchunked'],
    ['a form feed', '\x0cchunked'],
    ['a NUL', 'chunked\0'],
    ['a CR', 'chunked\r'],
    ['a LF', '\nchunked'],
    ['a fold', '\r\n chunked'],
  ])('is refused with %s in it', (_, coding) => refused(post([`Transfer-Encoding: ${coding}`], FIVE)));

  it.each([
    [['chunked', 'chunked'], 400],
    [['chunked', 'identity'], 400],
    [['chunked', 'gzip'], 400],
    [['chunked', ''], 400],
    [['', 'chunked'], 400],
    [['identity', 'chunked'], 501],
    [['gzip', 'chunked'], 501],
  ])('is one list on however many lines: %j', (codings, status) =>
    refused(
      post(
        codings.map((coding) => `Transfer-Encoding: ${coding}`),
        FIVE,
      ),
      status,
    ),
  );

  it.each(['Transfer_Encoding', 'TransferEncoding', 'X-Transfer-Encoding', 'Transfer-Encodin', 'TE'])(
    'is not what is only like it: %s',
    async (name) => {
      const { requests, statuses } = await recording.talk(
        post([`${name}: chunked`, 'Content-Length: 5'], FIVE) + SECOND,
      );
      expect(statuses).toEqual([200, 200]);
      expect(requests[0]?.content).toBe(FIVE);
    },
  );
});

describe('6.2 Content-Length', () => {
  it.each(['5', ' 5 ', '\t5\t', '5 '])(
    'is a number of bytes, white space around it apart: %j',
    async (value) => {
      const { requests, statuses } = await recording.talk(
        post([`Content-Length:${value}`], 'hello') + SECOND,
      );
      expect(statuses).toEqual([200, 200]);
      expect(requests[0]?.content).toBe('hello');
    },
  );

  it.each([
    '',
    ' ',
    '+5',
    '-5',
    '-0',
    '+0',
    '-1',
    '5.0',
    '5e0',
    '0x5',
    '0X5',
    '0o5',
    '0b1',
    '05',
    '00',
    '005',
    '5a',
    'a',
    'abc',
    '5 5',
    '1 0',
    '5,5',
    '5, 5',
    '5, 5, 5',
    '5, 6',
    '5,',
    ',5',
    '5;',
    '5\xa0',
    '\xa05',
    '"5"',
    '5\x85',
    '\xb2',
    '\xd9\xa5',
    '1_0',
    "1'0",
    'Infinity',
    'NaN',
    '9007199254740992',
    '9223372036854775807',
    '9223372036854775808',
    '18446744073709551616',
    '18446744073709551621',
    '99999999999999999999',
    '4294967296000000000000000005',
    '9'.repeat(1000),
  ])('is digits and nothing else: %j', (value) => refused(post([`Content-Length: ${value}`], 'hello')));

  it.each([
    ['the same', ['Content-Length: 5', 'Content-Length: 5']],
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6']],
    ['two lengths, apart', ['Content-Length: 0', 'X: y', 'content-length: 5']],
    ['one of them empty', ['Content-Length: 5', 'Content-Length:']],
    ['one of them no number', ['Content-Length: 5', 'Content-Length: x']],
  ])('stands on one line only: %s', async (_, fields) => {
    await refused(post(fields, 'hello'));
    await refused(message('GET / HTTP/1.1', ['Host: a', ...fields], 'hello'));
    await refused(message('POST / HTTP/1.0', ['Host: a', ...fields], 'hello'));
  });

  it('is not Content_Length', async () => {
    const { requests } = await recording.talk(
      post(['Content_Length: 99', 'Content-Length: 5'], 'hello') + SECOND,
    );
    expect(requests.map(({ content }) => content)).toEqual(['hello', '']);
  });
});

describe('6.3 message body length', () => {
  it('is zero where neither field is there, whatever the method', async () => {
    const { requests, statuses } = await recording.talk(message('POST / HTTP/1.1', ['Host: a']) + SECOND);
    expect(statuses).toEqual([200, 200]);
    expect(requests[0]).toMatchObject({ method: 'POST', content: '' });
  });

  it.each(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PUT', 'PATCH'])('is as framed for %s too', async (method) => {
    const bytes = message(
      `${method} /x HTTP/1.1`,
      ['Host: a', 'Content-Length: 44'],
      'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'.padEnd(44),
    );
    const { requests, statuses } = await recording.talk(bytes + SECOND, [method]);
    expect(statuses).toHaveLength(2);
    expect(requests.at(-1)?.path).toBe('/second');
    expect(requests.map(({ path }) => path)).not.toContain('/smuggled');
  });

  it('is what Content-Length says, to the byte', async () => {
    for (const size of [1, 2, 1023, 65_535, 65_536, 65_537, 500_000]) {
      const content = 'x'.repeat(size);
      const { requests, statuses } = await recording.talk(
        post([`Content-Length: ${size}`], content) + SECOND,
      );
      expect(statuses).toEqual([200, 200]);
      expect(requests[0]?.content).toBe(content);
    }
  });

  it('takes what follows it for the next request', async () => {
    const { statuses, requests } = await recording.talk(post(['Content-Length: 0'], 'X') + SECOND);
    expect(statuses).toEqual([200, 501]);
    expect(requests).toHaveLength(1);
  });

  it('never reads content that nobody asked for as the next request', async () => {
    const inner = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
    const chunked = `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`;
    for (const bytes of [
      message('POST /unread HTTP/1.1', ['Host: a', `Content-Length: ${inner.length}`], inner),
      message('POST /unread HTTP/1.1', ['Host: a', 'Transfer-Encoding: chunked'], chunked),
    ]) {
      const { statuses, requests } = await recording.talk(bytes + SECOND);
      expect(statuses).toEqual([200, 200]);
      expect(requests.map(({ path }) => path)).toEqual(['/unread', '/second']);
    }
  });

  it('closes the connection where too much content is left that nobody asked for', async () => {
    await using big = await startRecording('client_max_body_size 0;');
    const size = 10_000_000;
    const { answers, requests } = await big.talk(
      message('POST /unread HTTP/1.1', ['Host: a', `Content-Length: ${size}`], 'x'.repeat(size)) + SECOND,
    );
    expect(answers.map(({ status }) => status)).toEqual([200]);
    expect(answers[0]?.fields.get('connection')).toBe('close');
    expect(requests.map(({ path }) => path)).toEqual(['/unread']);
  });

  it('closes the connection where chunked content that nobody asked for does not end', async () => {
    await using big = await startRecording('client_max_body_size 0;');
    const chunks = `10000\r\n${'x'.repeat(65_536)}\r\n`.repeat(100);
    const { statuses, requests } = await big.talk(
      `${message('POST /unread HTTP/1.1', ['Host: a', 'Transfer-Encoding: chunked'], chunks)}0\r\n\r\n${SECOND}`,
    );
    expect(statuses).toEqual([200]);
    expect(requests.map(({ path }) => path)).toEqual(['/unread']);
  });
});
