import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefused, message, post, type RecordingServer, SECOND, startRecording } from '../wire/talk.js';

let recording: RecordingServer;
beforeAll(async () => {
  recording = await startRecording();
});
afterAll(() => recording[Symbol.asyncDispose]());

const refused = (bytes: string, status = 400) => expectRefused(recording, bytes, status);

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
  ])('consists of digits only: %j', (value) => refused(post([`Content-Length: ${value}`], 'hello')));

  it.each([
    ['the same', ['Content-Length: 5', 'Content-Length: 5']],
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6']],
    ['two lengths, apart', ['Content-Length: 0', 'X: y', 'content-length: 5']],
    ['one of them empty', ['Content-Length: 5', 'Content-Length:']],
    ['one of them no number', ['Content-Length: 5', 'Content-Length: x']],
  ])('occurs on one line only: %s', async (_, fields) => {
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
  it('is zero without either field, with any method', async () => {
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

  it('is followed by the next request', async () => {
    const { statuses, requests } = await recording.talk(post(['Content-Length: 0'], 'X') + SECOND);
    expect(statuses).toEqual([200, 501]);
    expect(requests).toHaveLength(1);
  });

  it('never reads an unread body as the next request', async () => {
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

  it('closes the connection if too much of the body is unread', async () => {
    await using big = await startRecording('client_max_body_size 0;');
    const size = 10_000_000;
    const { answers, requests } = await big.talk(
      message('POST /unread HTTP/1.1', ['Host: a', `Content-Length: ${size}`], 'x'.repeat(size)) + SECOND,
    );
    expect(answers.map(({ status }) => status)).toEqual([200]);
    expect(answers[0]?.fields.get('connection')).toBe('close');
    expect(requests.map(({ path }) => path)).toEqual(['/unread']);
  });

  it('closes the connection if an unread chunked body does not end', async () => {
    await using big = await startRecording('client_max_body_size 0;');
    const chunks = `10000\r\n${'x'.repeat(65_536)}\r\n`.repeat(100);
    const { statuses, requests } = await big.talk(
      `${message('POST /unread HTTP/1.1', ['Host: a', 'Transfer-Encoding: chunked'], chunks)}0\r\n\r\n${SECOND}`,
    );
    expect(statuses).toEqual([200]);
    expect(requests.map(({ path }) => path)).toEqual(['/unread']);
  });
});
