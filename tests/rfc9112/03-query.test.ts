import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefused, message, type RecordingServer, startRecording } from '../wire/talk.js';

let recording: RecordingServer;
beforeAll(async () => {
  recording = await startRecording();
});
afterAll(() => recording[Symbol.asyncDispose]());

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const bytes = Array.from({ length: 256 }, (_, byte) => byte);
const controls = bytes.filter((byte) => byte < 0x20 || byte === 0x7f);

/**
 * Bytes observed on the wire when each byte was put into a query: Chromium 150 (address bar, `fetch`, form with a
 * textarea, also of a page in windows-1252), Node's `fetch`, and curl. nginx accepts all of these and leaves them as
 * they are.
 */
const SENT_AS_IT_IS = {
  chromium: '!$%&()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~',
  // curl adds the quotes, angle brackets, and every byte beyond ASCII.
  curl: `"'<>${bytes
    .slice(0x80)
    .map((byte) => String.fromCharCode(byte))
    .join('')}`,
};

async function queriesOf(queries: readonly string[]): Promise<readonly (string | undefined)[]> {
  const requests = queries.map((query) => message(`GET /?${query} HTTP/1.1`, ['Host: a']));
  const last = message('GET /last HTTP/1.1', ['Host: a', 'Connection: close']);
  const { requests: seen } = await recording.talk(Buffer.from(requests.join('') + last, 'latin1'));
  return seen.slice(0, -1).map(({ query }) => query);
}

describe('3.2.1 query', () => {
  it.each(Object.entries(SENT_AS_IT_IS))('is left as %s sends it', async (_, characters) => {
    const queries = Array.from(characters, (character) => `a=${character}b`);
    expect(await queriesOf(queries)).toEqual(queries);
    expect(await queriesOf([characters])).toEqual([characters]);
  });

  it('may have any byte percent-encoded: every form with a textarea sends %0D%0A', async () => {
    const queries = bytes.flatMap((byte) => [
      `a=%${hex(byte)}b`,
      `a=%${hex(byte).toUpperCase()}b`,
      `%${hex(byte)}`,
    ]);
    for (let at = 0; at < queries.length; at += 64) {
      const some = queries.slice(at, at + 64);
      expect(await queriesOf(some)).toEqual(some);
    }
  });

  it('may have percent signs that do not start an escape: browsers, fetch and curl leave them', async () => {
    const queries = ['100%', '%', '%%', '%z', '%zz', '%1', '%u0041', 'a=%&b=%2', '?', '??', 'a?b'];
    expect(await queriesOf(queries)).toEqual(queries);
  });

  it('must not contain controls, a space or a fragment', async () => {
    for (const byte of [...controls, 0x20, 0x23]) {
      await expectRefused(
        recording,
        `GET /?a=${String.fromCharCode(byte)}b HTTP/1.1\r\nHost: a\r\n\r\n`,
        400,
      );
    }
  });

  it('counts towards the maximum request line, wherever it ends', async () => {
    await expectRefused(recording, message(`GET /?${'\xff'.repeat(100_000)} HTTP/1.1`, ['Host: a']), 414);
    const longest = '%'.repeat(8192 - 'GET /? HTTP/1.1'.length);
    expect(await queriesOf([longest])).toEqual([longest]);
    await expectRefused(recording, message(`GET /?${longest}% HTTP/1.1`, ['Host: a']), 414);
  });

  it('is accepted as fetch sends it', async () => {
    const rows = Array.from({ length: 0x300 / 16 }, (_, row) =>
      String.fromCharCode(...Array.from({ length: 16 }, (_, column) => row * 16 + column)),
    );
    for (const text of [...rows, '%0D%0A', 'C:\\x', '100%', '€', '😀']) {
      const response = await recording.server.fetch(`/?a=${text}`);
      expect({ text, status: response.status }).toEqual({ text, status: 200 });
      await response.arrayBuffer();
    }
  });
});

describe('a query with bytes beyond ASCII', () => {
  const start = (): Promise<TestServer> =>
    startTestServer(
      `location /see { return 200 "$args|$query_string|$request_uri|$arg_a"; }
      location /to { return 302 /x?$args; }
      location /whole { return 301 $request_uri; }
      location /folder { root www; }`,
      { 'www/inner/index.html': 'inner' },
    );
  const get = (server: TestServer, target: string): Promise<string> =>
    server.raw(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, 'latin1'));

  it('is percent-encoded in variables, and so in redirects', async () => {
    await using server = await start();
    expect(await get(server, '/see?a=\xc3\xa9\xff')).toContain(
      '\r\n\r\na=%C3%A9%FF|a=%C3%A9%FF|/see?a=%C3%A9%FF|%C3%A9%FF',
    );
    expect(await get(server, '/to?a=\xc3\xa9"b')).toContain('\r\nLocation: /x?a=%C3%A9%22b\r\n');
    expect(await get(server, '/whole?a=\xe9\\%0d%0a%')).toContain(
      '\r\nLocation: /whole?a=%E9%5C%0d%0a%25\r\n',
    );
  });

  it('reaches a directory with its slash', async () => {
    await using server = await start();
    const response = await get(server, '/folder/inner?a=\xc3\xa9\\%');
    expect(response).toMatch(/^HTTP\/1\.1 30[178] /);
    expect(response).toMatch(/\r\nLocation: \/folder\/inner\/\?a=(?:\xc3\xa9|%C3%A9)(?:\\|%5C)(?:%|%25)\r\n/);
  });
});
