import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefused, get, type RecordingServer, SECOND, startRecording } from '../wire/talk.js';

let recording: RecordingServer;
beforeAll(async () => {
  recording = await startRecording();
});
afterAll(() => recording[Symbol.asyncDispose]());

const refused = (bytes: string, status: number) => expectRefused(recording, bytes, status);

describe('2.1 message format', () => {
  it('is a start line, field lines each ended by CRLF, an empty line, and content', async () => {
    const { statuses, requests } = await recording.talk(
      'POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\nxyz',
    );
    expect(statuses).toEqual([200]);
    expect(requests).toMatchObject([{ method: 'POST', path: '/a', query: 'b', host: 'h', content: 'xyz' }]);
  });

  it('needs no field in HTTP/1.0', async () => {
    expect((await recording.talk('GET / HTTP/1.0\r\n\r\n')).statuses).toEqual([200]);
  });
});

describe('2.2 message parsing', () => {
  it.each([
    ['the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
    ['a field line', 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n'],
    ['the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\n'],
    ['every line', 'GET / HTTP/1.1\nHost: a\n\n'],
    ['the line before the request line', '\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('does not accept a single LF as the end of %s', (_, bytes) => refused(bytes, 400));

  it.each([
    ['behind the version', 'GET / HTTP/1.1\rHost: a\r\n\r\n'],
    ['behind the version, before CRLF', 'GET / HTTP/1.1\r\r\nHost: a\r\n\r\n'],
    ['in the method', 'G\rET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['in the target', 'GET /\ra HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['in a field name', 'GET / HTTP/1.1\r\nHost: a\r\nX\r: b\r\n\r\n'],
    ['in a field value', 'GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n'],
    ['at the end of a field value', 'GET / HTTP/1.1\r\nHost: a\r\nX: b\r\r\n\r\n'],
    ['as the end of a field line', 'GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n'],
    ['in the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\rX\r\n\r\n'],
    ['twice in the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\r\r\n'],
    ['before the request line', '\rGET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('refuses a CR that no LF follows: %s', (_, bytes) => refused(bytes, 400));

  it('ignores one empty line before a request line', async () => {
    const first = '\r\nGET /first HTTP/1.1\r\nHost: a\r\n\r\n';
    const { statuses, requests } = await recording.talk(`${first}\r\n${SECOND}`);
    expect(statuses).toEqual([200, 200]);
    expect(requests.map(({ path }) => path)).toEqual(['/first', '/second']);
  });

  it('ignores the CRLF that some clients send after the body of a POST', async () => {
    const { statuses, requests } = await recording.talk(
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab\r\n${SECOND}`,
    );
    expect(statuses).toEqual([200, 200]);
    expect(requests.map(({ content }) => content)).toEqual(['ab', '']);
  });

  it('rejects more empty lines', () => refused('\r\n\r\n', 400));

  it.each([
    ['a space', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n'],
    ['a tab', 'GET / HTTP/1.1\r\n\tHost: a\r\n\r\n'],
    ['a line of white space', 'GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n'],
    ['a field of its own', 'GET / HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n'],
  ])('rejects white space between the request line and the first field line: %s', (_, bytes) =>
    refused(bytes, 400),
  );

  it('parses bytes, not characters: a value in UTF-8 keeps its bytes', async () => {
    const { requests } = await recording.talk(get('X-Name: \xc3\xa9\xff\x80', 'Connection: close'));
    expect(requests[0]?.fields).toContainEqual(['x-name', '\xc3\xa9\xff\x80']);
  });

  it.each([
    ['rubbish', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a NUL', '\0'],
    ['a JSON object', '{"method":"GET"}\r\n\r\n'],
  ])('responds once to a client that does not use HTTP/1, and closes: %s', async (_, bytes) => {
    const { statuses, requests } = await recording.talk(bytes);
    expect(statuses).toHaveLength(1);
    expect(statuses[0]).toBeGreaterThanOrEqual(400);
    expect(requests).toEqual([]);
  });
});

describe('2.3 HTTP version', () => {
  it.each(['1.0', '1.1'])('is %s', async (version) => {
    const { requests } = await recording.talk(
      `GET / HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    expect(requests).toMatchObject([{ version }]);
  });

  it.each(['1.2', '1.5', '1.9'])(
    'is read as 1.1 where it is a later one: %s (RFC 9110 §2.5)',
    async (later) => {
      const { requests, answers } = await recording.talk(
        `GET /1 HTTP/${later}\r\nHost: a\r\n\r\nGET /2 HTTP/${later}\r\nHost: a\r\nConnection: close\r\n\r\n`,
      );
      expect(requests).toMatchObject([{ version: '1.1' }, { version: '1.1' }]);
      expect(answers.map(({ fields }) => fields.get('connection'))).toEqual([undefined, 'close']);
      await refused(`GET / HTTP/${later}\r\nX: y\r\n\r\n`, 400);
    },
  );

  it.each(['HTTP/2.0', 'HTTP/0.9', 'HTTP/3.0', 'HTTP/9.9'])(
    'answers 505 to a version it does not support: %s',
    (version) => refused(`GET / ${version}\r\nHost: a\r\n\r\n`, 505),
  );

  it.each([
    'http/1.1',
    'Http/1.1',
    'HTTP/1',
    'HTTP/1.',
    'HTTP/.1',
    'HTTP/11',
    'HTTP/1.10',
    'HTTP/01.1',
    'HTTP/01.01',
    'HTTP/1,1',
    'HTTP/1.x',
    'HTTP/+1.1',
    'HTTP 1.1',
    'HTTP/1.1 ',
    'HTTP /1.1',
    'HTTPS/1.1',
    'HTP/1.1',
    'XHTTP/1.1',
    'ICY/1.1',
    'HTTP/1.1\t',
    'HTTP/1.1HTTP/1.1',
    '1.1',
  ])('is case-sensitive and has two single digits: %j is invalid', (version) =>
    refused(`GET / ${version}\r\nHost: a\r\n\r\n`, 400),
  );

  it('refuses the simple request of HTTP/0.9', () => refused('GET /\r\n', 400));

  it('is 1.1 in responses, also to 1.0', async () => {
    expect(await recording.server.raw('GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });
});
