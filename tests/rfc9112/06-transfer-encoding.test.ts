import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefused, message, post, type RecordingServer, SECOND, startRecording } from '../wire/talk.js';

let recording: RecordingServer;
beforeAll(async () => {
  recording = await startRecording();
});
afterAll(() => recording[Symbol.asyncDispose]());

const refused = (bytes: string, status = 400) => expectRefused(recording, bytes, status);
/** A body of five bytes, with either way of reading its length. */
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
  ])('gets 501 if a coding is unknown: %s', (coding) =>
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
  ])('is rejected if %s: %j', (_, coding) => refused(post([`Transfer-Encoding: ${coding}`], FIVE)));

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
  ])('is one list on any number of lines: %j', (codings, status) =>
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
